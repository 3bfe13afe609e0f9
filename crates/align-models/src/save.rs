use crate::{Error, Parameters, Result, checkpoint, pretrained_config};
use serde::Serialize;
use std::path::Path;
use tch::Kind;

/// Writes `config.json` and `model.safetensors` into `dir`, which is created if necessary.
///
/// An old config is removed first and the new one is written last. So the folder never holds the config of one model with the weights
/// of another, even if the process is killed.
///
/// # Errors
/// A file exists already and `overwrite` is false, or the folder cannot be written.
pub fn save_pretrained(
    dir: &Path,
    config: &impl Serialize,
    parameters: &Parameters,
    kind: Kind,
    overwrite: bool,
) -> Result<()> {
    std::fs::create_dir_all(dir)
        .map_err(|e| Error::Input(format!("the folder {} cannot be created: {e}", dir.display())))?;
    pretrained_config::remove_existing(dir, "config.json", overwrite)?;
    checkpoint::save_safetensors(&dir.join("model.safetensors"), parameters.iter(), overwrite)?;
    pretrained_config::write_config(dir, config, kind, overwrite)
}
