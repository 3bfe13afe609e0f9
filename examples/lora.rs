//! DPO with a LoRA adapter: the base model is frozen, and the adapter is saved in PEFT's format and merged at the end.
//!
//! ```sh
//! cargo run --example lora -- models/gpt2-imdb-4m pairs.jsonl runs/lora merged
//! ```

use align::models::LoraModel;
use align::prelude::*;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, model, pairs, run, merged] = &arguments[..] else {
        return Err("usage: lora MODEL PAIRS RUN MERGED".into());
    };
    let targets = vec!["c_attn".to_owned(), "mlp.c_proj".to_owned()];
    let lora = LoraConfig { r: 8, lora_alpha: 16.0, target_modules: targets.into(), ..Default::default() };
    let training = TrainingConfig { max_steps: Some(8), learning_rate: 1e-3, ..Default::default() };
    let config = DpoConfig { training, ..Default::default() };
    // The reference model is the base model without the adapter.
    let summary =
        DpoRun::new(model.as_str(), PreferencePairs::read(pairs)?, config)?.peft(lora).output_dir(run).train()?;
    println!("{} steps, the adapter is in {run}/model", summary.steps);

    let base = Gpt2::from_pretrained(model.as_ref(), Kind::Float, Device::Cpu)?;
    let merged_model = LoraModel::from_pretrained(base, &Path::new(run).join("model"))?.merge_and_unload()?;
    merged_model.save_pretrained(merged.as_ref(), false)?;
    Tokenizer::from_pretrained(model)?.save(merged, false)?;
    Ok(())
}
