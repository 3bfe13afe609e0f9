use crate::atomic::{check_folder, place_error};
use crate::{Error, Result};
use std::path::Path;

/// The format of a table, which its file's name decides.
#[derive(Clone, Copy)]
pub(super) enum Format {
    Csv,
    JsonLines,
    #[cfg(feature = "tables")]
    Parquet,
}

impl Format {
    pub fn of(path: &Path) -> Result<Self> {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
        match extension.as_deref() {
            Some("csv") => Ok(Self::Csv),
            Some("jsonl") => Ok(Self::JsonLines),
            #[cfg(feature = "tables")]
            Some("parquet") => Ok(Self::Parquet),
            #[cfg(not(feature = "tables"))]
            Some("parquet") => Err(Error::NoParquet { path: path.to_owned() }),
            other => Err(Error::Extension {
                path: path.to_owned(),
                found: other.map_or("none".to_owned(), |extension| format!(".{extension}")),
            }),
        }
    }
}

/// Whether a table can be written to `path`: for programs that would otherwise find out after hours of work.
///
/// # Errors
/// When the name ends in none of `.csv`, `.parquet` and `.jsonl`, the file exists and `overwrite` is false, or a file stands
/// where its folder should.
pub fn check_output(path: impl AsRef<Path>, overwrite: bool) -> Result<()> {
    let path = path.as_ref();
    Format::of(path)?;
    check_folder(path)?;
    align_base::files::check_file_place(path, overwrite).map_err(|e| place_error(path, e))
}
