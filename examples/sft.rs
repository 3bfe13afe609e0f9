//! Supervised fine-tuning on texts, with sample texts of the model before, during and after training.
//!
//! ```sh
//! cargo run --example sft -- lvwerra/gpt2-imdb texts.jsonl runs/sft
//! ```

use align::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, model, texts, folder] = &arguments[..] else { return Err("usage: sft MODEL TEXTS RUN".into()) };
    let rows = Completions::read_or_texts(texts)?.into_rows();
    let (train, held_out) = rows.split_at(rows.len() * 4 / 5);
    let training = TrainingConfig {
        max_steps: Some(8),
        learning_rate: 1e-4,
        eval_strategy: IntervalStrategy::Steps,
        eval_steps: Some(4),
        ..Default::default()
    };
    let config = SftConfig { max_length: Some(128), training, ..Default::default() };
    let summary = SftRun::new(model.as_str(), train.to_vec(), config)?
        .eval(held_out.to_vec())
        .sample_prompts(["This movie"])
        .output_dir(folder)
        .train()?;
    println!("perplexity {:.3}", summary.evaluation.and_then(|record| record.get("perplexity")).unwrap_or_default());
    Ok(())
}
