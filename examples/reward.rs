//! A reward model: training on preference pairs by the Bradley-Terry loss, and scoring texts with it.
//!
//! ```sh
//! cargo run --example reward -- lvwerra/gpt2-imdb pairs.jsonl runs/reward
//! ```

use align::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, model, pairs, folder] = &arguments[..] else { return Err("usage: reward MODEL PAIRS RUN".into()) };
    // A language model gets a new head with one output.
    let training = TrainingConfig { max_steps: Some(8), ..Default::default() };
    let config = RewardConfig { center_rewards_coefficient: Some(0.01), training, ..Default::default() };
    let pairs = PreferencePairs::read(pairs)?.into_rows();
    let summary = RewardRun::new(model.as_str(), pairs.clone(), config)?.output_dir(folder).train()?;
    println!("{} steps", summary.steps);

    let rewards = RewardModel::load(&format!("{folder}/model"), None, Kind::Float, Device::Cpu)?;
    let texts: Vec<String> = pairs.iter().take(2).map(|pair| format!("{}{}", pair.prompt, pair.chosen)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    for (text, reward) in texts.iter().zip(rewards.scores(&texts)?) {
        println!("reward {reward:+.3}: {text}");
    }
    Ok(())
}
