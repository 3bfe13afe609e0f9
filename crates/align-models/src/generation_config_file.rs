//! Keeping a model's `generation_config.json` when the model is saved.

use crate::pretrained_config::{read_small_file, remove_existing};
use crate::{Error, Result};
use std::path::Path;

const NAME: &str = "generation_config.json";

/// The text of the file, if the folder has one.
pub(crate) fn read(dir: &Path) -> Result<Option<String>> {
    let path = dir.join(NAME);
    if path.is_file() { read_small_file(&path).map(Some) } else { Ok(None) }
}

/// Writes the text, or removes the file of another model.
pub(crate) fn write(dir: &Path, text: Option<&str>, overwrite: bool) -> Result<()> {
    let path = dir.join(NAME);
    match text {
        Some(text) => align_base::files::write_file(&path, overwrite, |file| write!(file, "{text}"))
            .map_err(|e| Error::Config { path, reason: format!("cannot be written: {e}") }),
        None if overwrite => remove_existing(dir, NAME, true),
        None => Ok(()),
    }
}
