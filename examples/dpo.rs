//! A DPO run. It writes a folder with the trained model, its model card, checkpoints, metrics and a report.
//!
//! ```sh
//! cargo run --example dpo -- lvwerra/gpt2-imdb pairs.jsonl runs/dpo
//! ```

use align::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, model, pairs, folder] = &arguments[..] else { return Err("usage: dpo MODEL PAIRS RUN".into()) };
    let training = TrainingConfig { max_steps: Some(8), learning_rate: 1e-4, ..Default::default() };
    let config = DpoConfig { beta: 0.1, loss_type: vec![LossType::Hinge], training, ..Default::default() };
    let summary = DpoRun::new(model.as_str(), PreferencePairs::read(pairs)?, config)?
        .eval(PreferencePairs::read(pairs)?)
        .output_dir(folder)
        .train()?;
    println!("{} steps", summary.steps);
    if let Some(accuracy) = summary.evaluation.and_then(|record| record.get("rewards/accuracies")) {
        println!("reward accuracy {accuracy:.3}");
    }
    Ok(())
}
