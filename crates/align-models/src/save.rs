use crate::{Error, Parameters, Result, checkpoint, pretrained_config};
use serde::Serialize;
use std::path::Path;
use tch::Kind;

/// Writes `config.json` and `model.safetensors` into `dir`, which is made if need be.
pub(crate) fn save_pretrained(
    dir: &Path,
    config: &impl Serialize,
    parameters: &Parameters,
    kind: Kind,
    overwrite: bool,
) -> Result<()> {
    std::fs::create_dir_all(dir)
        .map_err(|e| Error::Input(format!("the folder {} cannot be made: {e}", dir.display())))?;
    pretrained_config::write_config(dir, config, kind, overwrite)?;
    checkpoint::save_safetensors(&dir.join("model.safetensors"), parameters.iter(), overwrite)?;
    Ok(())
}
