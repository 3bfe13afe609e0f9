//! Supervised fine-tuning on texts, and the perplexity of held-out ones before and after.
//!
//! ```sh
//! cargo run --release --example sft -- models/gpt2-imdb-4m texts.jsonl
//! ```

use align_data::{Completions, Tokenizer};
use align_models::Gpt2;
use align_train::{RunConfig, SftConfig, SftTrainer, TrainingConfig};
use tch::{Device, Kind};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, model, texts] = &arguments[..] else { return Err("usage: sft MODEL TEXTS".into()) };
    let tokenizer = Tokenizer::from_pretrained(model)?;
    let policy = Gpt2::from_pretrained(model.as_ref(), Kind::Float, Device::Cpu)?;
    let training = TrainingConfig { max_steps: Some(8), learning_rate: 1e-4, ..TrainingConfig::default() };
    let config = SftConfig { max_length: Some(128), training, ..SftConfig::default() };
    config.validate()?;

    let table = Completions::read_or_texts(texts)?;
    let (rows, report) = config.encode(&tokenizer, table.rows())?;
    println!("{report}");
    let (train, held_out) = rows.split_at(rows.len() * 4 / 5);
    let mut trainer = SftTrainer::new(policy, train.to_vec(), config)?.with_evaluation(held_out.to_vec())?;
    println!("before: perplexity {:.3}", trainer.evaluate()?.get("perplexity").unwrap_or_default());
    trainer.train(&mut [])?;
    println!("after: perplexity {:.3}", trainer.evaluate()?.get("perplexity").unwrap_or_default());
    Ok(())
}
