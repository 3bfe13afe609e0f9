//! KTO: training on single completions that people liked or not.
//!
//! ```sh
//! cargo run --release --example kto -- models/gpt2-imdb-4m likes.jsonl
//! ```

use align_data::{EncodeOptions, Tokenizer, UnpairedPreferences, encode_unpaired};
use align_models::Gpt2;
use align_train::{KtoConfig, KtoTrainer, TrainingConfig};
use tch::{Device, Kind};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, model, likes] = &arguments[..] else { return Err("usage: kto MODEL LIKES".into()) };
    let tokenizer = Tokenizer::from_pretrained(model)?;
    let policy = Gpt2::from_pretrained(model.as_ref(), Kind::Float, Device::Cpu)?;
    let table = UnpairedPreferences::read(likes)?;
    let encoding = EncodeOptions { max_length: Some(128), ..EncodeOptions::default() };
    let encoded = encode_unpaired(&tokenizer, table.rows(), &encoding)?;
    println!("{}", encoded.report);

    let training = TrainingConfig { max_steps: Some(8), ..TrainingConfig::default() };
    let config = KtoConfig { desirable_weight: 1.2, training, ..KtoConfig::default() };
    for step in KtoTrainer::new(policy, None, encoded.rows, config)? {
        let step = step?;
        let kl = step.metrics.get("kl").unwrap_or_default();
        println!("step {}: loss {:.4}, KL estimate {kl:.4}", step.step, step.loss);
    }
    Ok(())
}
