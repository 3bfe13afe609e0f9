//! The steps of the notebook, from prompts to the comparison of the models before and after training.

mod options;
mod pairs;

use align::data::{NOTEBOOK_PROMPTS, Tokenizer};
use align::frontier::{ComparisonOptions, NamedPolicy, compare_policies};
use align::inference::RewardModel;
use align::losses::LossType;
use align::models::{CausalLm, Gpt2};
use align::torch::MatmulPrecision;
use align::train::DpoTrainer;
use clap::Parser;
use options::Options;
use pairs::{encoded_pairs, generation, is_held_out};
use tch::{Device, Kind};

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Trains a model with each loss on the initial model's own texts, compares the models, and saves the first one.
pub fn run(losses: [LossType; 2]) -> Result<()> {
    let options = Options::parse();
    align::show_progress();
    if let Some(folder) = options.output_dir.as_ref().filter(|folder| folder.exists()) {
        return Err(format!("--output-dir {} exists already: choose a new folder", folder.display()).into());
    }
    let _precision = MatmulPrecision::fastest_exact(Device::Cpu).set();
    let load = || Gpt2::from_pretrained(&options.model, Kind::Float, Device::Cpu);
    let (sft, tokenizer) = (load()?, Tokenizer::from_pretrained(&options.model)?);
    let reward_model = RewardModel::from_pretrained(&options.reward_model, None, Kind::Float, Device::Cpu)?;
    println!("generate, score, pair: {} texts per prompt", options.texts_per_prompt);
    let pairs = encoded_pairs(&options, &sft, &tokenizer, &reward_model)?;
    let train = |loss: &LossType| -> Result<Box<dyn CausalLm>> {
        println!("train: {} on {} pairs", loss.name(), pairs.len());
        let mut trainer = DpoTrainer::new(load()?, None, pairs.clone(), options.training(*loss))?;
        trainer.train(&mut [])?;
        Ok(trainer.into_policy())
    };
    let trained = losses.iter().map(train).collect::<Result<Vec<_>>>()?;
    if let (Some(folder), [first, ..]) = (&options.output_dir, &trained[..]) {
        first.save_pretrained(folder, false)?;
        tokenizer.save(folder, false)?;
    }
    println!("compare: 5 texts per prompt from each model");
    let named =
        losses.iter().zip(&trained).map(|(loss, model)| NamedPolicy { name: loss.name(), model: model.as_ref() });
    let comparison = ComparisonOptions {
        tokenizer: &tokenizer,
        score: &|texts| reward_model.scores(texts).map_err(|e| e.to_string()),
        prompts: &NOTEBOOK_PROMPTS,
        held_out: &(0..NOTEBOOK_PROMPTS.len()).filter(|place| is_held_out(*place)).collect::<Vec<_>>(),
        texts_per_prompt: 5,
        generation: generation(options.seed.wrapping_add(1)),
        batch_size: 32,
    };
    let comparison =
        compare_policies(NamedPolicy { name: "SFT", model: &sft }, &named.collect::<Vec<_>>(), &comparison)?;
    println!("\n{comparison}\n{}", comparison.first_texts(5, 80));
    Ok(())
}
