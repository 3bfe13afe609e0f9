//! Files with reference log-probabilities (`ref_log_probs_dir`), which other runs on the same rows reuse.

use super::row::Row;
use crate::rows_digest::token_ids_digest;
use crate::{Error, Result};
use align_base::files::Hasher;
use align_models::checkpoint::{Checkpoint, save_safetensors};
use align_models::{ModelIdentity, tensors_digest};
use align_torch::Environment;
use serde_json::json;
use std::path::{Path, PathBuf};
use tch::{Kind, Tensor};

/// The version of the file format.
const FORMAT: &str = "align reference log-probabilities 2";
const TENSOR: &str = "logps";
/// The name of the tensor with the digest of the log-probabilities and their key.
const DIGEST: &str = "digest";
/// Hex digits of the key in the file name.
const KEY_DIGITS: usize = 32;

/// A file with a model's log-probabilities of some rows.
///
/// Its name is a key: a digest of the model's identity (hyper-parameters and weights), of the environment, and of the rows' token ids by
/// prompt and completion. Runs with another loss or other options find the same file. Runs with other rows or another model do not.
#[derive(Debug)]
pub(crate) struct ReferenceLogpsFile {
    path: PathBuf,
    key: String,
}

impl ReferenceLogpsFile {
    /// The file in the folder `dir`, which need not exist yet.
    pub fn of<R: Row>(dir: &Path, model: &ModelIdentity, environment: &Environment, rows: &[R]) -> Result<Self> {
        let identity = json!({ "model": model, "environment": environment });
        let key =
            Hasher::new(FORMAT).part(identity.to_string().as_bytes()).part(token_ids_digest(rows).as_bytes()).digest();
        let name = key.get(..KEY_DIGITS).unwrap_or(&key);
        Ok(Self { path: dir.join(format!("reference-logps-{name}.safetensors")), key })
    }

    /// Reads the log-probabilities, `(n)`. `None` if the file does not exist.
    pub fn read(&self) -> Result<Option<Tensor>> {
        if !self.path.exists() {
            return Ok(None);
        }
        let read = |file: &Checkpoint, name: &str| file.read(name).map_err(|e| self.damaged(&e.to_string()));
        let file = Checkpoint::open_safetensors(&self.path).map_err(|e| self.damaged(&e.to_string()))?;
        let (logps, digest) = (read(&file, TENSOR)?, read(&file, DIGEST)?);
        let digest = if digest.kind() == Kind::Uint8 { Vec::<u8>::try_from(digest.f_view(-1)?)? } else { Vec::new() };
        if digest != self.digest(&logps)?.as_bytes() {
            return Err(self.damaged("its digest does not match its contents"));
        }
        Ok(Some(logps))
    }

    /// Writes the file atomically.
    pub fn write(&self, logps: &Tensor) -> Result<()> {
        if let Some(dir) = self.path.parent() {
            std::fs::create_dir_all(dir).map_err(|e| self.error(format!("its folder cannot be created: {e}")))?;
        }
        let digest = Tensor::f_from_slice(self.digest(logps)?.as_bytes())?;
        save_safetensors(&self.path, [(TENSOR, logps), (DIGEST, &digest)], true).map_err(align_models::Error::from)?;
        tracing::info!(path = %self.path.display(), "wrote the reference log-probabilities");
        Ok(())
    }

    /// An error that names the file.
    pub fn error(&self, reason: impl Into<String>) -> Error {
        Error::Output { path: self.path.clone(), reason: reason.into() }
    }

    fn damaged(&self, problem: &str) -> Error {
        self.error(format!("is damaged: {problem}. Delete it to compute it again"))
    }

    fn digest(&self, logps: &Tensor) -> Result<String> {
        Ok(tensors_digest(FORMAT, [(self.key.as_str(), logps)])?)
    }
}
