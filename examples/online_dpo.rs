//! Online DPO: the model continues prompts, a reward function and a reward model score the texts, and the model trains on pairs of them.
//!
//! ```sh
//! cargo run --example online_dpo -- lvwerra/gpt2-imdb lvwerra/distilbert-imdb prompts.txt runs/online
//! ```

use align::online::{FunctionJudge, Panel, PanelJudge, RoundRecord, RoundsConfig, rounds};
use align::prelude::*;
use align::rewards::RewardSpec;
use align::train::objective::Dpo;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, model, reward_model, prompts, folder] = &arguments[..] else {
        return Err("usage: online_dpo MODEL REWARD_MODEL PROMPTS RUN".into());
    };
    let short: RewardSpec = "max-words:20".parse()?;
    let short = FunctionJudge::new(short.build(&Default::default())?, short.to_string());
    let film = RewardModel::load(reward_model, None, Kind::Float, Device::Cpu)?;
    let panel = Panel::new(vec![
        PanelJudge { name: "short".into(), weight: 0.5, judge: Box::new(short) },
        PanelJudge { name: "film".into(), weight: 1.0, judge: Box::new(film) },
    ])?;

    let defaults = RoundsConfig::default();
    let generation = GenerationConfig { max_new_tokens: Some(16), ..defaults.generation };
    let config = RoundsConfig { rounds: 2, prompts_per_round: 4, max_kl: Some(20.0), generation, ..defaults };
    let print = |record: &RoundRecord, _: Option<&str>| {
        println!("round {}: reward {:.3}", record.round, record.metric("reward").unwrap_or(f64::NAN));
    };
    let prompts = align::data::read_lines(std::path::Path::new(prompts))?;
    let rows = rounds::<Dpo>(config, prompts.into(), panel, Box::new(print))?;
    let training = TrainingConfig { learning_rate: 1e-4, per_device_train_batch_size: 4, ..Default::default() };
    let summary = DpoRun::on_policy(model.as_str(), rows, DpoConfig { training, ..Default::default() })?
        .output_dir(folder)
        .train()?;
    println!("{} steps", summary.steps);
    Ok(())
}
