//! Saves a model in another dtype, as a folder or as a GGUF file: float16 or bfloat16 halve the size of a float32 checkpoint.
//!
//! ```sh
//! align convert --model runs/new/model --dtype float16 --output-dir half
//! align convert --model runs/new/model --dtype q8_0 --output model.gguf
//! ```

use crate::shell_words::{command_for, generate_command, quoted};
use crate::signals::GracefulStop;
use crate::{Failure, models, output, output_paths};
use align_models::{AutoModel, GgufOptions, ModelResolver, TensorType, save_gguf};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};
use tch::{Device, Kind};

/// Saves a model in another dtype, or as a GGUF file.
#[derive(Args)]
pub struct Options {
    /// Model to convert: a folder in transformers' layout, a GGUF file, or user/name[@revision] on the hub.
    #[arg(long)]
    model: String,
    /// Data type of the saved weights; q8_0 (8 bits a weight) only with --output.
    #[arg(long, value_enum)]
    dtype: Dtype,
    /// Folder to write, in transformers' layout.
    #[arg(long, required_unless_present = "output")]
    output_dir: Option<PathBuf>,
    /// GGUF file to write, for llama.cpp and programs based on it.
    #[arg(long, conflicts_with = "output_dir")]
    output: Option<PathBuf>,
    /// Replace a model that exists in --output-dir, or the file --output.
    #[arg(long)]
    overwrite: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
enum Dtype {
    Float32,
    Float16,
    Bfloat16,
    #[value(name = "q8_0")]
    Q8_0,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    let from = models::fetch(&options.model)?;
    match (&options.output_dir, &options.output) {
        (_, Some(file)) => write_gguf(options, &from, file),
        (Some(folder), None) => write_folder(options, &from, folder),
        (None, None) => Err("give --output-dir for a folder or --output for a GGUF file".into()),
    }
}

fn write_folder(options: &Options, from: &PathBuf, to: &Path) -> Result<(), Failure> {
    let kind = match options.dtype {
        Dtype::Float32 => Kind::Float,
        Dtype::Float16 => Kind::Half,
        Dtype::Bfloat16 => Kind::BFloat16,
        Dtype::Q8_0 => {
            return Err("--dtype q8_0 is a type of GGUF files: give --output FILE.gguf instead of --output-dir".into());
        }
    };
    output_paths::refuse_folder(to, options.overwrite, [from])?;
    let model = AutoModel::from_pretrained(from, kind, Device::Cpu)?;
    let tokenizer = models::tokenizer(from, model.vocab_size())?;
    let _graceful_stop = GracefulStop::while_writing_files();
    output_paths::write_model(to, options.overwrite, |folder| {
        model.model().save_pretrained(folder, false)?;
        Ok(tokenizer.save(folder, false)?)
    })?;
    output::note!("model written to {}", align_base::printable_path(to));
    output::next(&match model {
        AutoModel::CausalLm(_) => generate_command(to),
        AutoModel::SequenceClassification(_) => {
            format!("align classify --model {} --input texts.csv --output scored.csv", quoted(to))
        }
    });
    Ok(())
}

fn write_gguf(options: &Options, from: &PathBuf, to: &Path) -> Result<(), Failure> {
    let tensor_type = match options.dtype {
        Dtype::Float32 => TensorType::F32,
        Dtype::Float16 => TensorType::F16,
        Dtype::Bfloat16 => TensorType::BF16,
        Dtype::Q8_0 => TensorType::Q8_0,
    };
    if !to.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gguf")) {
        return Err(
            format!("--output: expected a name that ends in .gguf, found {}", align_base::printable_path(to)).into()
        );
    }
    output_paths::refuse_inputs(to, [from])?;
    output_paths::refuse_existing(to, options.overwrite)?;
    // Vectors stay float32 in a GGUF file, so the weights are loaded as such.
    let model = models::causal_lm(from, Kind::Float, Device::Cpu)?;
    let tokenizer = models::tokenizer(from, model.vocab_size())?;
    let is_chat_model = tokenizer.has_chat_template();
    let tokenizer = tokenizer.gguf_metadata(model.vocab_size())?;
    let name = Some(ModelResolver::display_name(&options.model));
    let _graceful_stop = GracefulStop::while_writing_files();
    let gguf = GgufOptions { tensor_type, name, overwrite: options.overwrite };
    save_gguf(to, model.as_ref(), &tokenizer, &gguf)?;
    output::note!("model written to {}", align_base::printable_path(to));
    output::next(&command_for(to, is_chat_model));
    Ok(())
}
