//! Stops a run after half of its steps and resumes it from its checkpoint. The weights are those of an uninterrupted run, byte for byte.
//!
//! ```sh
//! cargo run --example resume -- models/gpt2-imdb-4m pairs.jsonl runs
//! ```

use align::prelude::*;
use align::train::StepRecord;
use align::train::objective::Dpo;
use std::path::Path;

/// Stops a run after three steps, as a signal would.
struct StopAfterThree;

impl Observer<Dpo> for StopAfterThree {
    fn on_step(&mut self, _: &Trainer<Dpo>, record: &StepRecord) -> align::train::Result<Flow> {
        Ok(if record.step == 3 { Flow::Stop } else { Flow::Continue })
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, model, pairs, runs] = &arguments[..] else { return Err("usage: resume MODEL PAIRS RUNS".into()) };
    let [uninterrupted, stopped] = ["uninterrupted", "stopped"].map(|name| Path::new(runs).join(name));
    let run = |folder: &Path| -> Result<DpoRun, Box<dyn std::error::Error>> {
        let training = TrainingConfig { max_steps: Some(6), ..Default::default() };
        let config = DpoConfig { training, ..Default::default() };
        Ok(DpoRun::new(model.as_str(), PreferencePairs::read(pairs)?, config)?.output_dir(folder))
    };
    run(&uninterrupted)?.train()?;

    let half = run(&stopped)?.observer(StopAfterThree).train()?;
    println!("stopped after step {} of {}", half.steps, half.total_steps);
    run(&stopped)?.resume().train()?;

    let weights = |run: &Path| std::fs::read(run.join("model/model.safetensors")).unwrap_or_default();
    println!("the weights are {}", if weights(&uninterrupted) == weights(&stopped) { "the same" } else { "different" });
    Ok(())
}
