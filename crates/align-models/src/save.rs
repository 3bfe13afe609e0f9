use crate::{Error, Parameters, Result, checkpoint, pretrained_config};
use serde::Serialize;
use std::path::Path;
use tch::Kind;

/// Writes `config.json` and `model.safetensors` into `dir`, which is made if need be.
///
/// The config makes a folder a model: with `overwrite` the old one goes first, and the new one comes last, so that whatever process is
/// killed, one model's config never stands beside another's weights.
///
/// # Errors
/// A file that exists already, unless `overwrite`, or a folder that cannot be written.
pub fn save_pretrained(
    dir: &Path,
    config: &impl Serialize,
    parameters: &Parameters,
    kind: Kind,
    overwrite: bool,
) -> Result<()> {
    std::fs::create_dir_all(dir)
        .map_err(|e| Error::Input(format!("the folder {} cannot be made: {e}", dir.display())))?;
    pretrained_config::withdraw(dir, "config.json", overwrite)?;
    checkpoint::save_safetensors(&dir.join("model.safetensors"), parameters.iter(), overwrite)?;
    pretrained_config::write_config(dir, config, kind, overwrite)
}
