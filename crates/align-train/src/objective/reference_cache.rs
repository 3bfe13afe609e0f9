//! A reference's log-probabilities in a file, for other runs on the same rows.

use super::row::Row;
use crate::{Error, Result};
use align_models::checkpoint::{Checkpoint, save_safetensors};
use align_models::{CausalLm, Parameters};
use align_torch::with_host_floats;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use tch::{Device, Kind, Tensor};

/// The form of the file: a change of what it holds changes the number.
const FORM: &str = "align reference log-probabilities 1";
const TENSOR: &str = "logps";
/// Floats hashed at a time.
const CHUNK: usize = 1 << 14;

/// The file of a model's log-probabilities of some rows.
///
/// Its name is a digest of all that these follow from: the model's weights and dtype, and the rows' token ids, cut into prompt and
/// completions. So a run with another loss or other options finds it, and one on other rows or weights does not.
#[derive(Debug)]
pub(crate) struct ReferenceCache {
    path: PathBuf,
}

impl ReferenceCache {
    /// The file in the folder `dir`, whether it exists or not.
    pub fn of<R: Row>(dir: &Path, model: &impl CausalLm, rows: &[R]) -> Result<Self> {
        let mut hash = Sha256::new();
        hash.update(FORM);
        hash.update(format!("{:?}", model.kind()));
        for weights in std::iter::once(model.parameters()).chain(model.frozen_parameters()) {
            hash_weights(&mut hash, weights)?;
        }
        rows.iter().for_each(|row| hash_row(&mut hash, row));
        let digest: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { path: dir.join(format!("reference-logps-{digest}.safetensors")) })
    }

    /// What the file holds, `(n)`, if it exists.
    pub fn read(&self) -> Result<Option<Tensor>> {
        if !self.path.exists() {
            return Ok(None);
        }
        let file = Checkpoint::open_safetensors(&self.path).map_err(align_models::Error::from)?;
        Ok(Some(file.read(TENSOR).map_err(align_models::Error::from)?))
    }

    /// Writes the file, whole or not at all.
    pub fn write(&self, logps: &Tensor) -> Result<()> {
        if let Some(dir) = self.path.parent() {
            std::fs::create_dir_all(dir).map_err(|e| self.fail(format!("its folder cannot be made: {e}")))?;
        }
        save_safetensors(&self.path, [(TENSOR, logps)], true).map_err(align_models::Error::from)?;
        tracing::info!(path = %self.path.display(), "the reference's log-probabilities are kept");
        Ok(())
    }

    /// An error that names the file.
    pub fn fail(&self, reason: impl Into<String>) -> Error {
        Error::Output { path: self.path.clone(), reason: reason.into() }
    }
}

fn hash_weights(hash: &mut Sha256, parameters: &Parameters) -> Result<()> {
    let mut bytes = Vec::with_capacity(4 * CHUNK);
    for (name, weight) in parameters.iter() {
        hash.update(name);
        hash.update(format!("{:?}", weight.size()));
        // Every dtype of fewer bits is exact in float32.
        let weight = weight.f_detach()?.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?.f_contiguous()?;
        let hashed = with_host_floats(&weight, |floats| {
            for chunk in floats.chunks(CHUNK) {
                bytes.clear();
                bytes.extend(chunk.iter().flat_map(|x| x.to_le_bytes()));
                hash.update(&bytes);
            }
        });
        hashed.map_err(|e| Error::Data(format!("the reference's weight {name} cannot be read: {e}")))?;
    }
    Ok(())
}

fn hash_row<R: Row>(hash: &mut Sha256, row: &R) {
    for ids in std::iter::once(row.prompt_ids()).chain(row.completions().into_iter().map(|(_, ids)| ids)) {
        hash.update((ids.len() as u64).to_le_bytes());
        ids.iter().for_each(|id| hash.update(id.to_le_bytes()));
    }
}
