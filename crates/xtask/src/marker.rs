//! The file that marks a finished setup and records its source.

use crate::failure::{Context, Failure};
use std::fs;
use std::path::Path;

const FILE: &str = "align-setup.txt";

/// The version and source of `.libtorch`.
#[derive(Debug, PartialEq, Eq)]
pub struct Marker {
    /// torch's version.
    pub version: String,
    /// `download`, the zip, or the folders that it links to.
    pub source: String,
}

impl Marker {
    /// Writes the marker into the staging folder. It must be the last file that is written there.
    pub fn write(&self, folder: &Path) -> Result<(), Failure> {
        let file = folder.join(FILE);
        let text = format!("version = {}\nsource = {}\n", self.version, self.source);
        fs::write(&file, text).context(|| format!("cannot write {}", file.display()))
    }

    /// Reads the marker; `None` if it is missing or invalid.
    pub fn read(folder: &Path) -> Option<Self> {
        let text = fs::read_to_string(folder.join(FILE)).ok()?;
        let (version, source) = text.strip_suffix('\n')?.split_once('\n')?;
        Some(Self {
            version: version.strip_prefix("version = ")?.to_owned(),
            source: source.strip_prefix("source = ")?.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_marker_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Marker::read(folder.path()), None);
        let marker = Marker { version: "2.11.0".into(), source: "/a folder/torch = x".into() };
        marker.write(folder.path()).unwrap();
        assert_eq!(Marker::read(folder.path()), Some(marker));
    }

    #[test]
    fn an_incomplete_marker_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["", "version = 2.11.0", "version = 2.11.0\n", "version = 2.11.0\nsource = down", "nonsense\n\n"] {
            fs::write(folder.path().join(FILE), text).unwrap();
            assert_eq!(Marker::read(folder.path()), None, "{text:?}");
        }
    }
}
