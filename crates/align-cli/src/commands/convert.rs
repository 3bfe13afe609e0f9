//! Writes a model's folder again in another dtype: float16 or bfloat16 halve a checkpoint of float32.
//!
//! ```sh
//! align convert --model runs/new/model --dtype float16 --output-dir half
//! ```

use crate::signals::Keeping;
use crate::{Failure, models, output, places};
use align_models::AutoModel;
use clap::Args;
use std::path::PathBuf;
use tch::{Device, Kind};

/// Writes a model's folder again in another dtype.
#[derive(Args)]
pub struct Options {
    /// A folder in transformers' layout, or user/name[@revision] on the hub.
    #[arg(long)]
    model: String,
    /// What its numbers become: float32, float16 or bfloat16.
    #[arg(long, value_parser = dtype)]
    dtype: Kind,
    /// The folder that is written.
    #[arg(long)]
    output_dir: PathBuf,
    /// Replace a model that stands there.
    #[arg(long)]
    overwrite: bool,
}

fn dtype(name: &str) -> Result<Kind, String> {
    match name {
        "float32" => Ok(Kind::Float),
        "float16" => Ok(Kind::Half),
        "bfloat16" => Ok(Kind::BFloat16),
        _ => Err("expected float32, float16 or bfloat16".into()),
    }
}

pub fn run(options: &Options) -> Result<(), Failure> {
    let (from, to) = (models::fetch(&options.model)?, &options.output_dir);
    places::refuse_folder(to, options.overwrite, [&from])?;
    let model = AutoModel::from_pretrained(&from, options.dtype, Device::Cpu)?;
    let tokenizer = models::tokenizer(&from, model.vocab_size())?;
    let _keeping = Keeping::files();
    places::write_model(&options.output_dir, options.overwrite, |folder| {
        model.model().save_pretrained(folder, false)?;
        Ok(tokenizer.save(folder, false)?)
    })?;
    output::println!("model written to {}", align_base::printable_path(to));
    Ok(())
}
