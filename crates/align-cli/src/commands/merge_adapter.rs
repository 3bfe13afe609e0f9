//! Merges a LoRA adapter into its base model: a plain model that generates, is trained on, or is uploaded like any other.
//!
//! ```sh
//! align merge-adapter --model gpt2 --adapter runs/lora/model --output-dir merged
//! ```

use crate::signals::Keeping;
use crate::{Failure, models, output, places};
use align_models::{CausalLm, LoraModel, TrainableModel};
use clap::Args;
use std::path::PathBuf;
use tch::{Device, Kind};

/// Merges a LoRA adapter into its base model.
#[derive(Args)]
pub struct Options {
    /// The base model, a folder in transformers' layout, or user/name[@revision] on the hub; the embedded one if not given.
    #[arg(long)]
    model: Option<String>,
    /// The adapter: a folder with adapter_config.json and adapter_model.safetensors, by PEFT or by a run with --use-peft.
    #[arg(long)]
    adapter: PathBuf,
    /// The merged model's folder.
    #[arg(long)]
    output_dir: PathBuf,
    /// Replace a model that stands there.
    #[arg(long)]
    overwrite: bool,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    let folder = models::folder("--model", options.model.as_deref(), models::POLICY)?;
    places::refuse_folder(&options.output_dir, options.overwrite, [&folder, &options.adapter])?;
    let base = models::causal_lm(&folder, Kind::Float, Device::Cpu)?;
    let tokenizer = models::tokenizer(&folder, base.vocab_size())?;
    let model = LoraModel::from_pretrained(base, &options.adapter)?.merge_and_unload()?;
    let _keeping = Keeping::files();
    places::write_model(&options.output_dir, options.overwrite, |folder| {
        model.save_pretrained(folder, false)?;
        Ok(tokenizer.save(folder, false)?)
    })?;
    output::println!("merged model written to {}", align_base::printable_path(&options.output_dir));
    Ok(())
}
