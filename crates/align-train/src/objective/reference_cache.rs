//! A reference's log-probabilities in a file, for other runs on the same rows.

use super::row::Row;
use crate::rows_digest::rows_digest;
use crate::{Error, Result};
use align_base::files::Hasher;
use align_models::checkpoint::{Checkpoint, save_safetensors};
use align_models::{ModelIdentity, tensors_digest};
use align_torch::Environment;
use serde_json::json;
use std::path::{Path, PathBuf};
use tch::{Kind, Tensor};

/// The form of the file: a change of what it holds changes the number.
const FORM: &str = "align reference log-probabilities 2";
const TENSOR: &str = "logps";
/// The digest of the tensor and of what it is of, as text.
const DIGEST: &str = "digest";
/// Hex digits of the digest in a file's name.
const NAME: usize = 32;

/// The file of a model's log-probabilities of some rows.
///
/// Its name is a digest of all that these follow from: the model's identity (hyper-parameters and weights), where it is computed, and
/// the rows' token ids, cut into prompt and completions. So a run with another loss or other options finds it, and one on other
/// rows or of another model does not.
#[derive(Debug)]
pub(crate) struct ReferenceCache {
    path: PathBuf,
    of: String,
}

impl ReferenceCache {
    /// The file in the folder `dir`, whether it exists or not.
    pub fn of<R: Row>(dir: &Path, model: &ModelIdentity, environment: &Environment, rows: &[R]) -> Result<Self> {
        let identity = json!({ "model": model, "environment": environment });
        let of = Hasher::new(FORM).part(identity.to_string().as_bytes()).part(rows_digest(rows).as_bytes()).digest();
        let name = of.get(..NAME).unwrap_or(&of);
        Ok(Self { path: dir.join(format!("reference-logps-{name}.safetensors")), of })
    }

    /// What the file holds, `(n)`, if it exists.
    pub fn read(&self) -> Result<Option<Tensor>> {
        if !self.path.exists() {
            return Ok(None);
        }
        let read = |file: &Checkpoint, name: &str| file.read(name).map_err(|e| self.damaged(&e.to_string()));
        let file = Checkpoint::open_safetensors(&self.path).map_err(|e| self.damaged(&e.to_string()))?;
        let (logps, digest) = (read(&file, TENSOR)?, read(&file, DIGEST)?);
        let digest = if digest.kind() == Kind::Uint8 { Vec::<u8>::try_from(digest.f_view(-1)?)? } else { Vec::new() };
        if digest != self.digest(&logps)?.as_bytes() {
            return Err(self.damaged("its digest is not that of what it holds"));
        }
        Ok(Some(logps))
    }

    /// Writes the file, whole or not at all.
    pub fn write(&self, logps: &Tensor) -> Result<()> {
        if let Some(dir) = self.path.parent() {
            std::fs::create_dir_all(dir).map_err(|e| self.fail(format!("its folder cannot be made: {e}")))?;
        }
        let digest = Tensor::f_from_slice(self.digest(logps)?.as_bytes())?;
        save_safetensors(&self.path, [(TENSOR, logps), (DIGEST, &digest)], true).map_err(align_models::Error::from)?;
        tracing::info!(path = %self.path.display(), "the reference's log-probabilities are kept");
        Ok(())
    }

    /// An error that names the file.
    pub fn fail(&self, reason: impl Into<String>) -> Error {
        Error::Output { path: self.path.clone(), reason: reason.into() }
    }

    fn damaged(&self, problem: &str) -> Error {
        self.fail(format!("is damaged: {problem}. Delete it, and it is computed again"))
    }

    fn digest(&self, logps: &Tensor) -> Result<String> {
        Ok(tensors_digest(FORM, [(self.of.as_str(), logps)])?)
    }
}
