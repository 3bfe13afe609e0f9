//! A run that stops at its checkpoint and goes on from it, to the weights of an undisturbed run, byte for byte.
//!
//! ```sh
//! cargo run --release --example resume -- models/gpt2-imdb-4m pairs.jsonl runs/resume
//! ```

use align_data::{EncodeOptions, PreferencePairs, Tokenizer, encode_pairs};
use align_models::Gpt2;
use align_train::{CheckpointSaver, DpoConfig, DpoTrainer, Strategy, TrainingConfig, latest_checkpoint};
use std::path::Path;
use tch::{Device, Kind};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, model, pairs, runs] = &arguments[..] else { return Err("usage: resume MODEL PAIRS RUN".into()) };
    let (tokenizer, run) = (Tokenizer::from_pretrained(model)?, Path::new(runs));
    let encoding = EncodeOptions { max_length: Some(128), ..EncodeOptions::default() };
    let rows = encode_pairs(&tokenizer, PreferencePairs::read(pairs)?.rows(), &encoding)?.pairs;
    let training = TrainingConfig {
        max_steps: Some(6),
        save_strategy: Strategy::Steps,
        save_steps: Some(3),
        ..TrainingConfig::default()
    };
    let trainer = || -> align_train::Result<DpoTrainer> {
        let policy = Gpt2::from_pretrained(model.as_ref(), Kind::Float, Device::Cpu)?;
        DpoTrainer::new(policy, None, rows.clone(), DpoConfig { training: training.clone(), ..DpoConfig::default() })
    };

    let mut whole = trainer()?;
    whole.train(&mut [&mut CheckpointSaver::new(run)])?;
    std::fs::remove_dir_all(run.join("checkpoint-6"))?;

    let mut resumed = trainer()?;
    let checkpoint = latest_checkpoint(run)?.ok_or("no checkpoint")?;
    resumed.resume(&checkpoint)?;
    println!("going on after step {} of {}", resumed.step(), resumed.total_steps());
    resumed.train(&mut [])?;

    let same = whole.policy().parameters().iter().zip(resumed.policy().parameters().iter()).all(|(a, b)| a.1 == b.1);
    println!("the weights are {}", if same { "the same" } else { "others" });
    Ok(())
}
