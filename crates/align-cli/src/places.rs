//! Where results go: what stands there already is never replaced unasked, and no input is.

use crate::Failure;
use crate::signals::Keeping;
use align_base::files;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Refuses an output file that exists, or that no file can take the place of, before any work is done for it.
pub fn refuse_existing(output: &Path, overwrite: bool) -> Result<(), Failure> {
    let path = output.display();
    files::check_file_destination(output, overwrite).map_err(|e| match e.kind() {
        ErrorKind::AlreadyExists => format!("{path} exists already: choose another name or give --overwrite").into(),
        _ => format!("{path}: {e}: choose another name").into(),
    })
}

/// Refuses an output file that is an input too: with --overwrite the input would be gone.
pub fn refuse_inputs<'a>(output: &Path, inputs: impl IntoIterator<Item = &'a PathBuf>) -> Result<(), Failure> {
    match inputs.into_iter().find(|input| files::is_same_file(output, input)) {
        Some(input) => Err(format!(
            "{} is what would be read from {}: choose another name for the output",
            output.display(),
            input.display()
        )
        .into()),
        None => Ok(()),
    }
}

/// Refuses a folder for a model that cannot be written, or that is one of `sources`, which would be gone.
pub fn refuse_folder<'a>(
    place: &Path,
    overwrite: bool,
    sources: impl IntoIterator<Item = &'a PathBuf>,
) -> Result<(), Failure> {
    refuse_inputs(place, sources)?;
    let path = place.display();
    files::check_folder_destination(place, overwrite).map_err(|e| match e.kind() {
        ErrorKind::AlreadyExists => {
            format!("{path} exists already and is not empty: choose another folder or give --overwrite").into()
        }
        _ => format!("{path}: {e}: choose another folder").into(),
    })
}

/// Writes a model's folder, whole or not at all; with `overwrite` in place of a model that stands there.
pub fn write_model(
    place: &Path,
    overwrite: bool,
    fill: impl FnOnce(&Path) -> Result<(), Failure>,
) -> Result<(), Failure> {
    files::rewrite_folder(place, overwrite, |e| format!("{}: {e}", place.display()).into(), fill)
}

/// Writes a file that appears whole or not at all.
pub fn write_atomically(
    path: &Path,
    overwrite: bool,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    refuse_existing(path, overwrite)?;
    let _keeping = Keeping::files();
    Ok(files::write_file(path, overwrite, write).map_err(|e| format!("{}: {e}", path.display()))?)
}
