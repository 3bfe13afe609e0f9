//! Saves a model in another dtype: float16 or bfloat16 halve the size of a float32 checkpoint.
//!
//! ```sh
//! align convert --model runs/new/model --dtype float16 --output-dir half
//! ```

use crate::signals::GracefulStop;
use crate::{Failure, models, output, output_paths};
use align_models::AutoModel;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::path::PathBuf;
use tch::{Device, Kind};

/// Saves a model in another dtype.
#[derive(Args)]
pub struct Options {
    /// Model to convert: a folder in transformers' layout, or user/name[@revision] on the hub.
    #[arg(long)]
    model: String,
    /// Data type of the saved weights.
    #[arg(long, value_parser = dtype())]
    dtype: Kind,
    /// Folder to write.
    #[arg(long)]
    output_dir: PathBuf,
    /// Replace a model that exists in --output-dir.
    #[arg(long)]
    overwrite: bool,
}

fn dtype() -> impl TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(["float32", "float16", "bfloat16"]).map(|name| match name.as_str() {
        "float32" => Kind::Float,
        "float16" => Kind::Half,
        _ => Kind::BFloat16,
    })
}

pub fn run(options: &Options) -> Result<(), Failure> {
    let (from, to) = (models::fetch(&options.model)?, &options.output_dir);
    output_paths::refuse_folder(to, options.overwrite, [&from])?;
    let model = AutoModel::from_pretrained(&from, options.dtype, Device::Cpu)?;
    let tokenizer = models::tokenizer(&from, model.vocab_size())?;
    let _graceful_stop = GracefulStop::while_writing_files();
    output_paths::write_model(&options.output_dir, options.overwrite, |folder| {
        model.model().save_pretrained(folder, false)?;
        Ok(tokenizer.save(folder, false)?)
    })?;
    output::note!("model written to {}", align_base::printable_path(to));
    Ok(())
}
