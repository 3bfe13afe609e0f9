//! Reading and writing PEFT's `adapter_model.safetensors`.

use super::targets::Target;
use crate::checkpoint::{Checkpoint, CheckpointError, Layout, save_safetensors};
use crate::{Error, Parameters, Result};
use std::path::Path;
use tch::{Device, Kind};

const NAME: &str = "adapter_model.safetensors";

/// Opens the adapter's weights in `dir`.
pub(super) fn open(dir: &Path) -> Result<Checkpoint> {
    Ok(Checkpoint::open_safetensors(&dir.join(NAME))?)
}

/// Reads the matrices of the adapted layers. Names and shapes are checked before a byte of data is copied.
pub(super) fn read(dir: &Path, targets: &[Target], r: i64, kind: Kind, device: Device) -> Result<Parameters> {
    let layout = Layout {
        prefix: "base_model.model.",
        tensors: targets.iter().flat_map(|target| target.matrices(r)).collect(),
        tied: None,
        ignored: |_| false,
    };
    let tensors = open(dir)?.load(&layout, kind, device).map_err(|error| match error {
        CheckpointError::Mismatch { path, mismatch } => Error::AdapterMismatch { path, mismatch: Box::new(mismatch) },
        other => other.into(),
    })?;
    Ok(Parameters::new(tensors))
}

/// Writes the adapter's weights into `dir`.
pub(super) fn write(dir: &Path, parameters: &Parameters, overwrite: bool) -> Result<()> {
    Ok(save_safetensors(&dir.join(NAME), parameters.iter(), overwrite)?)
}
