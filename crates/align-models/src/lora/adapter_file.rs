//! Reading and writing `adapter_model.safetensors` of PEFT, and reading `adapter_model.bin`.

use super::full_weights::{self, FullWeight, is_duplicate};
use super::target::Target;
use crate::checkpoint::{Checkpoint, CheckpointError, FileMetadata, Layout, save_safetensors_with};
use crate::{Error, LoraConfig, Parameters, Result};
use std::path::Path;
use tch::{Device, Kind, Tensor};

const NAME: &str = "adapter_model.safetensors";
const OLD_NAME: &str = "adapter_model.bin";

/// Opens the weights of the adapter in `dir`: the safetensors file, or else the file written by `torch.save`.
pub(super) fn open(dir: &Path) -> Result<Checkpoint> {
    let (path, old) = (dir.join(NAME), dir.join(OLD_NAME));
    match path.symlink_metadata().is_err() && old.symlink_metadata().is_ok() {
        true => Ok(Checkpoint::open_bin(&old)?),
        false => Ok(Checkpoint::open_safetensors(&path)?),
    }
}

/// Reads three lists: the matrices of the adapted layers in `kind`, and the fully trained and the untrained weights in `base_kind`. Names
/// and shapes are checked before any data is read.
pub(super) fn read(
    file: &Checkpoint,
    targets: &[Target],
    [trained, untrained]: [&[FullWeight]; 2],
    (kind, base_kind): (Kind, Kind),
    device: Device,
) -> Result<[Vec<(String, Tensor)>; 3]> {
    let full_weights = trained.iter().chain(untrained).map(|weight| weight.stored.clone());
    let layout = Layout {
        prefix: full_weights::PREFIX,
        tensors: targets.iter().flat_map(Target::matrices).chain(full_weights).collect(),
        tied: None,
        ignored: is_duplicate,
        strict: true,
    };
    let mut matrices = file.load(&layout, kind, device).map_err(|error| match error {
        CheckpointError::Mismatch { path, mismatch } => Error::AdapterMismatch { path, mismatch: Box::new(mismatch) },
        other => other.into(),
    })?;
    let mut trained_weights = matrices.split_off(2 * targets.len());
    for (_, weight) in &mut trained_weights {
        *weight = weight.f_to_kind(base_kind)?;
    }
    let untrained_weights = trained_weights.split_off(trained.len());
    Ok([matrices, trained_weights, untrained_weights])
}

/// Writes the weights of the adapter to `dir`.
pub(super) fn write(
    dir: &Path,
    [trained, untrained]: [&Parameters; 2],
    base_digest: Option<&str>,
    overwrite: bool,
) -> Result<()> {
    // PEFT ignores this field of the metadata.
    let metadata = FileMetadata { base_model_digest: base_digest.map(str::to_owned), ..FileMetadata::default() };
    Ok(save_safetensors_with(&dir.join(NAME), trained.iter().chain(untrained.iter()), metadata, overwrite)?)
}

/// Fails if the adapter was trained on another base model than that with `digest`. Adapters of PEFT do not say.
pub(super) fn check_base(file: &Checkpoint, digest: Option<&str>, config: &LoraConfig) -> Result<()> {
    let recorded = file.metadata()?.base_model_digest;
    match (recorded, digest) {
        (Some(recorded), Some(digest)) if recorded != digest => Err(Error::OtherBase {
            path: file.path().to_owned(),
            base: config.base_model_name_or_path.clone().filter(|base| !base.is_empty()),
        }),
        _ => Ok(()),
    }
}
