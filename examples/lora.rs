//! DPO of a LoRA adapter: the base model's weights stay, the adapter is written in PEFT's format, and merged in the end.
//!
//! ```sh
//! cargo run --release --example lora -- models/gpt2-imdb-4m pairs.jsonl adapter merged
//! ```

use align_data::{EncodeOptions, PreferencePairs, Tokenizer, encode_pairs};
use align_models::{Gpt2, LoraConfig, LoraModel, TrainableModel};
use align_train::{DpoConfig, DpoTrainer, TrainingConfig};
use std::path::Path;
use tch::{Device, Kind};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, model, pairs, adapter, merged] = &arguments[..] else {
        return Err("usage: lora MODEL PAIRS ADAPTER MERGED".into());
    };
    let base = || Gpt2::from_pretrained(model.as_ref(), Kind::Float, Device::Cpu);
    let tokenizer = Tokenizer::from_pretrained(model)?;
    let encoding = EncodeOptions { max_length: Some(128), ..EncodeOptions::default() };
    let rows = encode_pairs(&tokenizer, PreferencePairs::read(pairs)?.rows(), &encoding)?.pairs;

    let targets = vec!["c_attn".to_owned(), "mlp.c_proj".to_owned()];
    let lora = LoraConfig { r: 8, lora_alpha: 16.0, target_modules: targets.into(), ..LoraConfig::default() };
    let policy = LoraModel::new(base()?, lora, 42)?;
    println!("{} of {} weights are trained", policy.parameters().numel(), base()?.parameters().numel());

    // The reference is the base model without the adapter.
    let training = TrainingConfig { max_steps: Some(8), learning_rate: 1e-3, ..TrainingConfig::default() };
    let mut trainer = DpoTrainer::new(policy, None, rows, DpoConfig { training, ..DpoConfig::default() })?;
    let summary = trainer.train(&mut [])?;
    trainer.into_policy().save_pretrained(adapter.as_ref(), false)?;
    println!("{} steps, the adapter is in {adapter}", summary.steps);

    let whole = LoraModel::from_pretrained(base()?, Path::new(adapter))?.merge_and_unload()?;
    whole.save_pretrained(merged.as_ref(), false)?;
    tokenizer.save(merged, false)?;
    Ok(())
}
