use super::compression::inner_name;
use crate::output_file::{check_parent_folder, output_error};
use crate::{Error, Result};
use std::path::Path;

/// The format of a table file, given by its extension.
#[derive(Clone, Copy)]
pub(super) enum Format {
    Csv,
    JsonLines,
    #[cfg(feature = "tables")]
    Parquet,
}

/// The extensions of tables that can be read, for error messages.
const INPUTS: &str = ".csv, .jsonl, .json or .parquet, or one of them with .gz or .zst";

/// The extensions of tables that can be written, for error messages.
const OUTPUTS: &str = ".csv, .parquet or .jsonl";

impl Format {
    /// The format of a file to read. A `.json` file holds an array of objects, or one object per line. The file may be
    /// compressed, like `.jsonl.gz`.
    pub fn of_input(path: &Path) -> Result<Self> {
        let inner = inner_name(path);
        let is_json = inner.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        if is_json { Ok(Self::JsonLines) } else { Self::of(&inner).map_err(|_| Self::error(path, INPUTS)) }
    }

    fn error(path: &Path, expected: &'static str) -> Error {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
        match extension.as_deref() {
            #[cfg(not(feature = "tables"))]
            Some("parquet") => Error::NoParquet { path: path.to_owned() },
            other => Error::Extension {
                path: path.to_owned(),
                expected,
                found: other.map_or("none".to_owned(), |extension| format!(".{extension}")),
            },
        }
    }

    /// The format of a file to write.
    pub fn of(path: &Path) -> Result<Self> {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
        match extension.as_deref() {
            Some("csv") => Ok(Self::Csv),
            Some("jsonl") => Ok(Self::JsonLines),
            #[cfg(feature = "tables")]
            Some("parquet") => Ok(Self::Parquet),
            _ => Err(Self::error(path, OUTPUTS)),
        }
    }
}

/// Whether a file has the extension of a table that can be read, such as `.jsonl` or `.csv.gz`.
pub fn is_table_file(path: impl AsRef<Path>) -> bool {
    Format::of_input(path.as_ref()).is_ok()
}

/// Checks that a table can be written to `path`. Programs call this before hours of work.
///
/// # Errors
/// When the extension is not `.csv`, `.parquet` or `.jsonl`, the file exists and `overwrite` is false, or a parent
/// folder is a file.
pub fn check_output(path: impl AsRef<Path>, overwrite: bool) -> Result<()> {
    let path = path.as_ref();
    Format::of(path)?;
    check_parent_folder(path)?;
    align_base::files::check_file_destination(path, overwrite).map_err(|e| output_error(path, e))
}
