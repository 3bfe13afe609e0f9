//! A sweep over two losses and two betas in a program, and its findings.
//!
//! ```sh
//! cargo run --example frontier -- models/gpt2-imdb-4m models/distilbert-imdb-1m runs/sweep
//! ```

use align::data::NOTEBOOK_PROMPTS;
use align::frontier::{
    Findings, SamplingOptions, SweepFolder, SweepModels, SweepOptions, SweepOutcome, csv, points, run_sweep,
};
use align::metrics::Bootstrap;
use align::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, policy, judge, folder] = &arguments[..] else { return Err("usage: frontier MODEL JUDGE FOLDER".into()) };
    let sft = Gpt2::from_pretrained(policy.as_ref(), Kind::Float, Device::Cpu)?;
    let tokenizer = Tokenizer::from_pretrained(policy)?;
    let reward_model = RewardModel::from_pretrained(judge.as_ref(), None, Kind::Float, Device::Cpu)?;
    let score = |texts: &[&str]| reward_model.scores(texts).map_err(|e| e.to_string());

    let sampling = |texts_per_prompt, seed| SamplingOptions { texts_per_prompt, max_new_tokens: 24, seed };
    let training = TrainingConfig { learning_rate: 1e-4, num_train_epochs: Some(1.0), ..Default::default() };
    let options = SweepOptions {
        points: points(&[("sigmoid".parse()?, vec![1.0, 0.1]), ("hinge".parse()?, vec![1.0, 0.1])])?,
        prompts: NOTEBOOK_PROMPTS[..10].iter().map(|prompt| prompt.to_string()).collect(),
        held_out: vec![4, 9],
        training_texts: sampling(4, 1),
        pairs_per_prompt: 4,
        evaluation: sampling(2, 2),
        dpo: DpoConfig { training, ..Default::default() },
        bootstrap: Bootstrap::default(),
    };
    // A sweep that was stopped goes on with what its folder holds.
    let folder = SweepFolder::open(folder.as_ref(), &serde_json::to_value(&options)?)?;
    let models = SweepModels { sft: &sft, tokenizer: &tokenizer, score: &score, batch_size: 32 };
    let mut progress = |_: &align::frontier::SweepProgress| ();
    if let SweepOutcome::Finished(sweep) = run_sweep(&models, &options, &folder, &StopSignal::default(), &mut progress)?
    {
        let findings = Findings::new(&sweep, &options.bootstrap)?;
        print!("{}", csv(&sweep, &findings));
        findings.statements(&sweep).iter().for_each(|statement| println!("- {statement}"));
    }
    Ok(())
}
