//! Averages the weights of models that were aligned with different rewards (rewarded soups, arXiv:2306.04488).
//!
//! ```sh
//! align soup --model runs/positive/model=0.7 --model runs/short/model=0.3 --output-dir soup
//! ```

use crate::shell_words::generate_command;
use crate::signals::GracefulStop;
use crate::{Failure, models, output, output_paths};
use align_base::printable_path;
use align_data::{DifferentToken, Tokenizer};
use align_models::{CausalLm, ModelSoup, TrainableModel};
use clap::Args;
use std::path::{Path, PathBuf};
use tch::{Device, Kind};

/// Averages the weights of models that were fine-tuned from one model.
#[derive(Args)]
pub struct Options {
    /// Model and its weight: a folder in transformers' layout, an adapter's folder, or user/name[@revision] on the hub [default weight: 1].
    /// Give it at least twice; weights are divided by their sum.
    #[arg(long, required = true, value_name = "MODEL[=WEIGHT]", value_parser = weighted_model)]
    model: Vec<(String, f64)>,
    /// Folder for the averaged model.
    #[arg(long)]
    output_dir: PathBuf,
    /// Replace a model that exists in --output-dir.
    #[arg(long)]
    overwrite: bool,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    if options.model.len() < 2 {
        return Err("--model is given once, but a soup needs at least two models: give --model for each".into());
    }
    let folders: Vec<PathBuf> = options.model.iter().map(|(name, _)| models::fetch(name)).collect::<Result<_, _>>()?;
    output_paths::refuse_folder(&options.output_dir, options.overwrite, &folders)?;
    options.model.iter().zip(&folders).try_for_each(|((name, _), folder)| models::refuse_classifier(name, folder))?;
    let mut weighted = folders.iter().zip(&options.model);
    let Some((folder, (_, weight))) = weighted.next() else { return Ok(()) };
    let (model, tokenizer) = load(folder)?;
    let mut soup = ModelSoup::new(model, *weight)?;
    for (folder, (name, weight)) in weighted {
        let (model, other) = load(folder)?;
        if let Some(DifferentToken { id, tokens: [first, found], .. }) = tokenizer.different_token(&other) {
            return Err(format!("{name} has another tokeniser than the first model: token {id} is {found:?} instead of {first:?}: average models of one tokeniser").into());
        }
        soup.add(model.as_ref(), *weight).map_err(|e| format!("{name}: {e}"))?;
    }
    let model = soup.finish()?;
    let _graceful_stop = GracefulStop::while_writing_files();
    output_paths::write_model(&options.output_dir, options.overwrite, |folder| {
        model.save_pretrained(folder, false)?;
        Ok(tokenizer.save(folder, false)?)
    })?;
    output::note!("average of {} models written to {}", folders.len(), printable_path(&options.output_dir));
    output::next(&generate_command(&options.output_dir));
    Ok(())
}

fn load(folder: &Path) -> Result<(Box<dyn CausalLm>, Tokenizer), Failure> {
    let model = models::causal_lm(folder, Kind::Float, Device::Cpu)?;
    let tokenizer = models::tokenizer(folder, model.vocab_size())?;
    Ok((model, tokenizer))
}

/// A model's name, with a weight after the last `=`.
fn weighted_model(text: &str) -> Result<(String, f64), String> {
    let (name, weight) = match text.rsplit_once('=') {
        Some((name, weight)) => {
            let number = weight.parse::<f64>().ok().filter(|weight| weight.is_finite() && *weight >= 0.0);
            (name, number.ok_or_else(|| format!("the weight {weight:?} is not 0 or a positive number"))?)
        }
        None => (text, 1.0),
    };
    match name.is_empty() {
        true => Err("the model has no name: write MODEL=WEIGHT".to_owned()),
        false => Ok((name.to_owned(), weight)),
    }
}
