//! The log files of a run, such as the metrics file, and how much of each was written before a checkpoint.

use crate::{Error, Result};
use align_base::files::{FileDigest, file_digest};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

/// The length and digest of the part of a log file that was written before a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogPrefix {
    bytes: u64,
    blake3: String,
}

/// The log files of a run.
#[derive(Debug, Default)]
pub(crate) struct LogFiles {
    /// The files that the run's observers append to.
    pub open: Vec<PathBuf>,
    /// The part of each file that was written before the checkpoint from which the run was resumed, by file name. Empty for a new run.
    pub resumed: BTreeMap<String, LogPrefix>,
}

impl LogFiles {
    /// Flushes all files to disk and returns their current lengths and digests, for a checkpoint.
    pub fn sync(&self) -> Result<BTreeMap<String, LogPrefix>> {
        let of = |path: &PathBuf| {
            let synced = || {
                OpenOptions::new().append(true).open(path)?.sync_all()?;
                file_digest(path, u64::MAX)
            };
            let FileDigest { bytes, blake3 } = synced().map_err(|e| fail(path, e.to_string()))?;
            Ok((name(path), LogPrefix { bytes, blake3 }))
        };
        self.open.iter().map(of).collect()
    }

    /// Removes the lines of a file that were written after the resumed checkpoint, because the run writes them again. Creates the file if
    /// it does not exist.
    pub fn truncate_to_checkpoint(&self, path: &Path) -> Result<()> {
        let resumed = self.resumed.get(&name(path));
        let bytes = resumed.map_or(0, |prefix| prefix.bytes);
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        let file = file.map_err(|e| fail(path, e.to_string()))?;
        let found = file_digest(path, bytes).map_err(|e| fail(path, e.to_string()))?;
        if found.bytes == 0 && bytes > 0 {
            tracing::warn!(path = %path.display(), "is empty: the lines from before the checkpoint are lost");
        } else if resumed.is_some_and(|prefix| prefix.blake3 != found.blake3) {
            let problem = if found.bytes < bytes {
                format!("it has {} bytes, but had {bytes} when the checkpoint was written", found.bytes)
            } else {
                format!("its first {bytes} bytes have changed since the checkpoint was written")
            };
            return Err(fail(
                path,
                format!("is damaged: {problem}. Restore the file, or move it away to start a new one"),
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
    fn later_lines_are_removed_and_a_damaged_file_is_rejected() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("metrics.jsonl");
        fs::write(&path, "{\"step\":1}\n{\"step\":2}\n").unwrap();
        let resumed = LogFiles { open: vec![path.clone()], resumed: BTreeMap::new() }.sync().unwrap();
        let files = LogFiles { open: Vec::new(), resumed };
        let truncate = |text: &str| {
            fs::write(&path, text).unwrap();
            files.truncate_to_checkpoint(&path).map(|()| fs::read_to_string(&path).unwrap()).map_err(|e| e.to_string())
        };
        let whole = "{\"step\":1}\n{\"step\":2}\n";
        assert_eq!(truncate(&format!("{whole}{{\"step\":3}}\n{{\"st")).unwrap(), whole);
        assert_eq!(truncate(whole).unwrap(), whole);
        assert_eq!(truncate("").unwrap(), "");
        for damaged in ["{\"step\":1}\n", "{\"step\":1}\n{\"step\":3}\n", "{\"step\":1}\n{\"step\":2} {\"step\":3}\n"] {
            let message = truncate(damaged).unwrap_err();
            assert!(message.contains("metrics.jsonl") && message.contains("damaged"), "{message}");
            assert_eq!(fs::read_to_string(&path).unwrap(), damaged, "the file is unchanged");
        }
        fs::remove_file(&path).unwrap();
        files.truncate_to_checkpoint(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"");
        // A new run starts with an empty file.
        fs::write(&path, "old\n").unwrap();
        LogFiles::default().truncate_to_checkpoint(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"");
    }
}
