//! What the examples share: options, the embedded models, how errors are shown.

// Every example takes its part of this module.
#![allow(dead_code)]

pub mod config_file;
pub mod decoding;
mod end;
pub mod job;
pub mod journal;
pub mod models;
pub mod notebook;
pub mod options;
pub mod output;
pub mod peft;
pub mod preference_data;
pub mod progress;
pub mod prompts;
pub mod report;
pub mod reward_model;
pub mod run_page;
pub mod scratch;
pub mod signals;
pub mod text_stream;
pub mod training;

pub use end::run;

use align_torch::{DeviceChoice, MatmulPrecision, MatmulPrecisionGuard};
use std::error::Error;
use tch::{Device, Kind};

/// Any error that ends an example.
pub type Failure = Box<dyn Error>;

/// Where and how models run.
#[derive(Debug, Clone, clap::Args, serde::Serialize)]
pub struct RuntimeOptions {
    /// cpu, cuda, cuda:N, or auto: the GPU if there is one.
    #[arg(long, default_value = "auto")]
    pub device: DeviceChoice,
    /// float32 or bfloat16.
    #[arg(long, default_value = "float32", value_parser = kind)]
    #[serde(serialize_with = "kind_name")]
    pub dtype: Kind,
    /// How float32 matrices are multiplied: highest, high, medium, or auto, the fastest that is as exact as float32 here.
    #[arg(long, default_value = "auto", value_parser = precision)]
    pub matmul_precision: Precision,
}

/// A matmul precision by name, or the one that suits the machine.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    Auto,
    #[serde(untagged)]
    Named(MatmulPrecision),
}

impl RuntimeOptions {
    /// The device that was asked for.
    pub fn device(&self) -> Result<Device, Failure> {
        Ok(self.device.resolve()?)
    }

    /// Sets the matmul precision while the guard lives. Warns of a dtype that is slow here.
    pub fn precision(&self) -> Result<MatmulPrecisionGuard, Failure> {
        align_torch::warn_if_slow(self.dtype, self.device()?);
        Ok(match self.matmul_precision {
            Precision::Auto => MatmulPrecision::fastest_exact(self.device()?),
            Precision::Named(precision) => precision,
        }
        .set())
    }
}

fn precision(name: &str) -> Result<Precision, String> {
    serde_json::from_value(name.into()).map_err(|_| "expected auto, highest, high or medium".into())
}

fn kind(name: &str) -> Result<Kind, String> {
    match name {
        "float32" => Ok(Kind::Float),
        "bfloat16" => Ok(Kind::BFloat16),
        _ => Err("expected float32 or bfloat16".into()),
    }
}

fn kind_name<S: serde::Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(if *kind == Kind::BFloat16 { "bfloat16" } else { "float32" })
}

/// What an example without the trainer's options says of a run that needs too much memory.
pub fn memory_in_words(error: align_train::Error) -> Failure {
    match error {
        align_train::Error::Memory { estimate, available, .. } => format!(
            "training needs about {estimate}, there are {} MiB: lower --per-device-train-batch-size, or give --dtype bfloat16",
            available >> 20
        )
        .into(),
        error => error.into(),
    }
}

/// Text without the byte-order mark that some editors write before it.
pub fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Refuses an output file that exists, or that no file can take the place of, before any work is done for it.
pub fn refuse_existing(output: &std::path::Path, overwrite: bool) -> Result<(), Failure> {
    let path = output.display();
    align_base::files::check_file_place(output, overwrite).map_err(|e| match e.kind() {
        std::io::ErrorKind::AlreadyExists => {
            format!("{path} exists already: choose another name or give --overwrite").into()
        }
        _ => format!("{path}: {e}: choose another name").into(),
    })
}

/// Refuses an output file that is an input too: with --overwrite the input would be gone.
pub fn refuse_inputs<'a>(
    output: &std::path::Path,
    inputs: impl IntoIterator<Item = &'a std::path::PathBuf>,
) -> Result<(), Failure> {
    match inputs.into_iter().find(|input| align_base::files::is_same(output, input)) {
        Some(input) => Err(format!(
            "{} is what would be read from {}: choose another name for the output",
            output.display(),
            input.display()
        )
        .into()),
        None => Ok(()),
    }
}

/// Refuses a folder for a model that cannot be written, or that is one of `sources`, which would be gone.
pub fn refuse_folder<'a>(
    place: &std::path::Path,
    overwrite: bool,
    sources: impl IntoIterator<Item = &'a std::path::PathBuf>,
) -> Result<(), Failure> {
    refuse_inputs(place, sources)?;
    let path = place.display();
    align_base::files::check_folder_place(place, overwrite).map_err(|e| match e.kind() {
        std::io::ErrorKind::AlreadyExists => {
            format!("{path} exists already and is not empty: choose another folder or give --overwrite").into()
        }
        _ => format!("{path}: {e}: choose another folder").into(),
    })
}

/// Writes a model's folder, whole or not at all; with `overwrite` in place of a model that stands there.
pub fn write_model(
    place: &std::path::Path,
    overwrite: bool,
    fill: impl FnOnce(&std::path::Path) -> Result<(), Failure>,
) -> Result<(), Failure> {
    align_base::files::rewrite_folder(place, overwrite, |e| format!("{}: {e}", place.display()).into(), fill)
}

/// Writes a file that appears whole or not at all.
pub fn write_atomically(
    path: &std::path::Path,
    overwrite: bool,
    write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>,
) -> Result<(), Failure> {
    refuse_existing(path, overwrite)?;
    let _keeping = signals::Keeping::files();
    Ok(align_base::files::write_file(path, overwrite, write).map_err(|e| format!("{}: {e}", path.display()))?)
}
