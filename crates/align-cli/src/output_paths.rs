//! Checks and writes outputs. Existing files are replaced only with --overwrite, and an input is never replaced.

use crate::Failure;
use crate::signals::GracefulStop;
use align_base::files;
use align_models::LoraConfig;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Rejects an output file that exists or cannot be written, before any work is done.
pub fn refuse_existing(output: &Path, overwrite: bool) -> Result<(), Failure> {
    let path = output.display();
    files::check_file_destination(output, overwrite).map_err(|e| match e.kind() {
        ErrorKind::AlreadyExists => format!("{path} exists already: choose another name or give --overwrite").into(),
        _ => format!("{path}: {e}: choose another name").into(),
    })
}

/// Rejects an output file in a folder that does not exist or cannot be written, before any work is done.
pub fn refuse_unwritable(output: &Path, overwrite: bool) -> Result<(), Failure> {
    let (path, folder) = (output.display(), output.parent().filter(|folder| !folder.as_os_str().is_empty()));
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(format!("{path}: the folder {} does not exist: create it first", folder.display()).into());
    }
    // The temporary file is removed at once.
    files::UnfinishedFile::begin(output, overwrite).map(drop).map_err(|e| {
        let problem = io::Error::from(e.kind());
        format!("{path} cannot be created: {problem}: choose another name").into()
    })
}

/// Rejects an output file that is also an input: with --overwrite the input would be lost.
pub fn refuse_inputs<'a>(output: &Path, inputs: impl IntoIterator<Item = &'a PathBuf>) -> Result<(), Failure> {
    match inputs.into_iter().find(|input| files::is_same_file(output, input)) {
        Some(input) => Err(format!(
            "the output {} is the same as the input {}: choose another name for the output",
            output.display(),
            input.display()
        )
        .into()),
        None => Ok(()),
    }
}

/// A file beside an output file that does not exist yet: `NAME.EXTENSION`, or with a number after the name.
pub fn free_file_beside(output: &Path, name: &str, extension: &str) -> PathBuf {
    let named = |suffix: String| output.with_file_name(format!("{name}{suffix}.{extension}"));
    let numbered = (2..u32::MAX).map(|number| named(format!("-{number}")));
    std::iter::once(named(String::new())).chain(numbered).find(|path| !path.exists()).unwrap_or_else(|| output.into())
}

/// Rejects an output folder for a model that cannot be written, or that is one of `sources` or an adapter's base model among them, which
/// would be lost.
pub fn refuse_folder<'a>(
    folder: &Path,
    overwrite: bool,
    sources: impl IntoIterator<Item = &'a PathBuf>,
) -> Result<(), Failure> {
    for source in sources {
        refuse_inputs(folder, [source])?;
        // An adapter may name a base model that is not on this machine.
        let base = LoraConfig::base_of_adapter(source).ok().flatten().map(PathBuf::from);
        refuse_inputs(folder, base.as_ref())?;
    }
    let path = folder.display();
    files::check_folder_destination(folder, overwrite).map_err(|e| match e.kind() {
        ErrorKind::AlreadyExists => {
            format!("{path} exists already and is not empty: choose another folder or give --overwrite").into()
        }
        _ => format!("{path}: {e}: choose another folder").into(),
    })
}

/// Writes a model's folder atomically; with `overwrite`, replaces an existing model.
pub fn write_model(
    folder: &Path,
    overwrite: bool,
    fill: impl FnOnce(&Path) -> Result<(), Failure>,
) -> Result<(), Failure> {
    files::rewrite_folder(folder, overwrite, |e| format!("{}: {e}", folder.display()).into(), fill)
}

/// Writes a file atomically.
pub fn write_atomically(
    path: &Path,
    overwrite: bool,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    refuse_existing(path, overwrite)?;
    let _graceful_stop = GracefulStop::while_writing_files();
    Ok(files::write_file(path, overwrite, write).map_err(|e| format!("{}: {e}", path.display()))?)
}
