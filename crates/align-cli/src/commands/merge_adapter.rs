//! Merges a LoRA adapter into its base model. The result is a plain model that can be used, trained and uploaded like any other.
//!
//! ```sh
//! align merge-adapter --model gpt2 --adapter runs/lora/model --output-dir merged
//! ```

use crate::shell_words::{generate_command, quoted};
use crate::signals::GracefulStop;
use crate::{Failure, models, output, output_paths};
use align_data::Tokenizer;
use align_models::{
    AutoModelForSequenceClassification, CausalLm, LoraConfig, LoraModel, ModelResolver, TaskType, TrainableModel,
};
use clap::Args;
use std::path::{Path, PathBuf};
use tch::{Device, Kind};

/// Merges a LoRA adapter into its base model: a language model, or a reward model with the adapter's head.
#[derive(Args)]
pub struct Options {
    /// Base model: a folder in transformers' layout, a GGUF file, or user/name[@revision] on the hub [default: the one that the adapter names].
    #[arg(long)]
    model: Option<String>,
    /// Adapter: a folder with adapter_config.json and adapter_model.safetensors, written by PEFT or by a run with --use-peft.
    #[arg(long)]
    adapter: PathBuf,
    /// Folder for the merged model.
    #[arg(long)]
    output_dir: PathBuf,
    /// Replace a model that exists in --output-dir.
    #[arg(long)]
    overwrite: bool,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    ModelResolver::refuse_run_folder(&options.adapter)?;
    let config = LoraConfig::from_pretrained(&options.adapter)?;
    let folder = models::fetch(&base_model(options, &config)?)?;
    output_paths::refuse_folder(&options.output_dir, options.overwrite, [&folder, &options.adapter])?;
    if config.task_type == TaskType::SequenceClassification {
        return merge_classifier(options, &folder);
    }
    let base = models::causal_lm(&folder, Kind::Float, Device::Cpu)?;
    let tokenizer = models::tokenizer(&folder, base.vocab_size())?;
    let model = LoraModel::from_pretrained(base, &options.adapter)?.merge_and_unload()?;
    write(options, model.as_ref(), &tokenizer)?;
    output::next(&generate_command(&options.output_dir));
    Ok(())
}

/// Merges the adapter of a classifier or reward model, with its head.
fn merge_classifier(options: &Options, base: &Path) -> Result<(), Failure> {
    let mut model =
        AutoModelForSequenceClassification::with_merged_adapter(base, &options.adapter, Kind::Float, Device::Cpu)?;
    let tokenizer = models::tokenizer(base, model.vocab_size())?;
    // The merged model's config names the token that the adapter was trained to skip.
    if let Some(padding) = tokenizer.pad_token_id().or(tokenizer.eos_token_id()) {
        model.set_pad_token_id(padding);
    }
    write(options, model.as_ref(), &tokenizer)?;
    let model = quoted(&options.output_dir);
    output::next(&format!("align classify --model {model} --input texts.csv --output scored.csv"));
    Ok(())
}

fn write(options: &Options, model: &(impl TrainableModel + ?Sized), tokenizer: &Tokenizer) -> Result<(), Failure> {
    let _graceful_stop = GracefulStop::while_writing_files();
    output_paths::write_model(&options.output_dir, options.overwrite, |folder| {
        model.save_pretrained(folder, false)?;
        Ok(tokenizer.save(folder, false)?)
    })?;
    output::note!("merged model written to {}", align_base::printable_path(&options.output_dir));
    Ok(())
}

/// The name of the base model: that of --model, or the one in the adapter's config.
fn base_model(options: &Options, config: &LoraConfig) -> Result<String, Failure> {
    if let Some(model) = &options.model {
        return Ok(model.clone());
    }
    let named = config.base_model_name_or_path.clone().filter(|base| !base.is_empty());
    let adapter = align_base::printable_path(&options.adapter);
    Ok(named.ok_or_else(|| format!("the adapter {adapter} does not name its base model: give --model"))?)
}
