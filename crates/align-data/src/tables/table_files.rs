//! Several files under one name: a list, or a pattern.

use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// The files that a name stands for: the file of that name if there is one, or else a list separated by commas, whose
/// items may be patterns such as `data/*.jsonl`. The files of a pattern are sorted by name.
///
/// ```
/// use align_data::tables::table_files;
///
/// # let folder = tempfile::tempdir()?;
/// # for name in ["b.jsonl", "a.jsonl"] { std::fs::write(folder.path().join(name), "")?; }
/// let files = table_files(folder.path().join("*.jsonl"))?;
/// assert_eq!(files, [folder.path().join("a.jsonl"), folder.path().join("b.jsonl")]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When a pattern is not valid or matches no file.
pub fn table_files(name: impl AsRef<Path>) -> Result<Vec<PathBuf>> {
    let path = name.as_ref();
    let Some(text) = path.to_str().filter(|_| !path.exists()) else { return Ok(vec![path.to_owned()]) };
    let mut files = Vec::new();
    for part in text.split(',').map(str::trim) {
        if Path::new(part).exists() || !part.contains(['*', '?', '[']) {
            files.push(PathBuf::from(part));
        } else {
            files.extend(matches(path, part)?);
        }
    }
    Ok(files)
}

fn matches(path: &Path, pattern: &str) -> Result<Vec<PathBuf>> {
    let error = |problem: String| Error::FilePattern { pattern: pattern.to_owned(), problem };
    let found = glob::glob(pattern).map_err(|problem| error(problem.msg.to_owned()))?;
    let mut files = Vec::new();
    for file in found {
        let file = file.map_err(|problem| Error::read(path, problem.into()))?;
        files.extend(Some(file).filter(|file| file.is_file()));
    }
    if files.is_empty() { Err(error("no file matches".to_owned())) } else { Ok(files) }
}
