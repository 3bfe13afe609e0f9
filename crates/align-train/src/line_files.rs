//! The files that a run appends lines to, and what of them a checkpoint has behind it.

use crate::{Error, Result};
use align_base::files::{FileDigest, file_digest};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

/// The beginning of a file that a checkpoint has behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lines {
    bytes: u64,
    blake3: String,
}

/// A run's files of lines.
#[derive(Debug, Default)]
pub(crate) struct LineFiles {
    /// Those that the run's observers append to.
    pub open: Vec<PathBuf>,
    /// What the checkpoint that the run was resumed from has behind it, by the file's name; none of a run from its beginning.
    pub resumed: BTreeMap<String, Lines>,
}

impl LineFiles {
    /// Puts all lines so far on the disk, and tells what a run that is resumed here must find of them.
    pub fn so_far(&self) -> Result<BTreeMap<String, Lines>> {
        let of = |path: &PathBuf| {
            let synced = || {
                OpenOptions::new().append(true).open(path)?.sync_all()?;
                file_digest(path, u64::MAX)
            };
            let FileDigest { bytes, blake3 } = synced().map_err(|e| fail(path, e.to_string()))?;
            Ok((name(path), Lines { bytes, blake3 }))
        };
        self.open.iter().map(of).collect()
    }

    /// Drops the lines of a file that stand behind the resumed checkpoint: the run writes them again. Begins the file where it is
    /// not there.
    pub fn take_up(&self, path: &Path) -> Result<()> {
        let resumed = self.resumed.get(&name(path));
        let bytes = resumed.map_or(0, |lines| lines.bytes);
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        let file = file.map_err(|e| fail(path, e.to_string()))?;
        let found = file_digest(path, bytes).map_err(|e| fail(path, e.to_string()))?;
        if found.bytes == 0 && bytes > 0 {
            tracing::warn!(path = %path.display(), "has no lines: those before the checkpoint are lost, and it begins anew");
        } else if resumed.is_some_and(|lines| lines.blake3 != found.blake3) {
            let problem = if found.bytes < bytes {
                format!("has {} bytes, the checkpoint has {bytes} behind it", found.bytes)
            } else {
                format!("its first {bytes} bytes are not those that the checkpoint has behind it")
            };
            return Err(fail(
                path,
                format!("is damaged: {problem}. Bring the file back, or move it away to begin it anew"),
            ));
        }
        let cut = file.set_len(found.bytes).and_then(|()| file.sync_all());
        cut.map_err(|e| fail(path, e.to_string()))
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn fail(path: &Path, reason: String) -> Error {
    Error::Output { path: path.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs;

    #[test]
    fn later_lines_go_and_damaged_ones_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("metrics.jsonl");
        fs::write(&path, "{\"step\":1}\n{\"step\":2}\n").unwrap();
        let resumed = LineFiles { open: vec![path.clone()], resumed: BTreeMap::new() }.so_far().unwrap();
        let files = LineFiles { open: Vec::new(), resumed };
        let take_up = |text: &str| {
            fs::write(&path, text).unwrap();
            files.take_up(&path).map(|()| fs::read_to_string(&path).unwrap()).map_err(|e| e.to_string())
        };
        let whole = "{\"step\":1}\n{\"step\":2}\n";
        assert_eq!(take_up(&format!("{whole}{{\"step\":3}}\n{{\"st")).unwrap(), whole);
        assert_eq!(take_up(whole).unwrap(), whole);
        assert_eq!(take_up("").unwrap(), "");
        for damaged in ["{\"step\":1}\n", "{\"step\":1}\n{\"step\":3}\n", "{\"step\":1}\n{\"step\":2} {\"step\":3}\n"] {
            let said = take_up(damaged).unwrap_err();
            assert!(said.contains("metrics.jsonl") && said.contains("damaged"), "{said}");
            assert_eq!(fs::read_to_string(&path).unwrap(), damaged, "nothing is lost by the refusal");
        }
        fs::remove_file(&path).unwrap();
        files.take_up(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"");
        // A run that begins has nothing behind it.
        fs::write(&path, "old\n").unwrap();
        LineFiles::default().take_up(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"");
    }
}
