use crate::{Error, Result};
use align_models::Parameters;
use align_models::checkpoint::Checkpoint;
use std::path::Path;

/// Copies the weights of a checkpoint, which must have the same names, shapes and dtypes, into `weights` in place. Errors name `path`.
pub(crate) fn load_weights(weights: &Parameters, checkpoint: &Checkpoint, path: &Path) -> Result<()> {
    tch::no_grad(|| {
        for (name, weight) in weights.iter() {
            let stored = checkpoint.read(name).map_err(align_models::Error::from)?;
            if stored.size() != weight.size() {
                let (found, expected) = (stored.size(), weight.size());
                let reason = format!("{name} has shape {found:?}, this model's is {expected:?}");
                return Err(Error::Checkpoint { path: path.to_owned(), reason });
            }
            if stored.kind() != weight.kind() {
                let (found, expected) = (stored.kind(), weight.kind());
                let reason = format!("{name} is stored as {found:?}, this model's is {expected:?}");
                return Err(Error::Checkpoint { path: path.to_owned(), reason });
            }
            weight.shallow_clone().f_copy_(&stored)?;
        }
        Ok(())
    })
}
