//! Merges a LoRA adapter into its base model: a plain model that generates, is trained on, or is uploaded like any other.
//!
//! ```sh
//! cargo run --release --example merge_adapter -- --model gpt2 --adapter runs/lora/model --output-dir merged
//! ```

mod common;

use align_models::{CausalLm, LoraGpt2, TrainableModel};
use clap::Parser;
use common::signals::Keeping;
use common::{Failure, models, output};
use std::path::PathBuf;
use std::process::ExitCode;
use tch::{Device, Kind};

/// Merges a LoRA adapter into its base model.
#[derive(Parser)]
struct Options {
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

fn main() -> ExitCode {
    common::run(|| merge(&common::options::parse()?))
}

fn merge(options: &Options) -> Result<(), Failure> {
    let folder = models::folder(options.model.as_deref(), models::POLICY)?;
    common::refuse_folder(&options.output_dir, options.overwrite, [&folder, &options.adapter])?;
    let base = models::gpt2(&folder, Kind::Float, Device::Cpu)?;
    let tokenizer = models::tokenizer(&folder, base.vocab_size())?;
    let model = LoraGpt2::from_pretrained(base, &options.adapter)?.merge_and_unload()?;
    let _keeping = Keeping::files();
    common::write_model(&options.output_dir, options.overwrite, |folder| {
        model.save_pretrained(folder, false)?;
        Ok(tokenizer.save(folder, false)?)
    })?;
    output::println!("merged model written to {}", align_base::printable_path(&options.output_dir));
    Ok(())
}
