//! KTO: training on unpaired preferences, completions labelled desirable or undesirable.
//!
//! ```sh
//! cargo run --example kto -- lvwerra/gpt2-imdb likes.jsonl runs/kto
//! ```

use align::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, model, likes, folder] = &arguments[..] else { return Err("usage: kto MODEL LIKES RUN".into()) };
    let training = TrainingConfig { max_steps: Some(8), ..Default::default() };
    let config = KtoConfig { desirable_weight: 1.2, training, ..Default::default() };
    let summary = KtoRun::new(model.as_str(), UnpairedPreferences::read(likes)?, config)?.output_dir(folder).train()?;
    if let Some(last) = summary.last_mean {
        let kl = last.mean.get("kl").unwrap_or_default();
        println!("{}: mean loss {:.4}, KL estimate {kl:.4}", last.describe_steps(), last.mean.loss);
    }
    Ok(())
}
