//! A record of the files and folders that a program has written, so that it never replaces or removes any others.

use super::{fingerprint, write_file};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Size limit of the record in bytes.
const MAX_BYTES: u64 = 16 << 20;
/// Fingerprints kept per name: that of the current content, and that of the content that is about to replace it.
const FINGERPRINTS: usize = 2;

/// The record `run.json` of the files and folders that a program has written into a folder which may also hold other files.
///
/// The content of an entry is recorded before the entry gets its name. So a program also owns what it wrote if it is killed at any
/// time. The record is read for each query and rewritten for each change. Only one process at a time may change it: use the folder
/// lock.
#[derive(Debug, Clone)]
pub struct Ownership {
    folder: PathBuf,
}

/// What exists under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryStatus {
    /// Nothing.
    Absent,
    /// A file or folder that the program wrote.
    Own,
    /// A file or folder that the program did not write.
    Foreign,
    /// A file or folder that the program wrote and something else has changed.
    Changed,
    /// A link. The program never creates links.
    Link,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    /// The version of the format.
    align_run: u32,
    /// The owned names with the fingerprints of their contents. The list is empty for a file that grows.
    owns: BTreeMap<String, Vec<String>>,
}

const VERSION: u32 = 1;

impl Ownership {
    /// The file name of the record.
    pub const FILE: &'static str = "run.json";

    /// The record of `folder`. The file need not exist yet.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Whether the folder has a record.
    ///
    /// # Errors
    /// The file is not a record or cannot be read.
    pub fn has_record(&self) -> io::Result<bool> {
        Ok(self.read()?.is_some())
    }

    /// Creates a record that owns these names whatever their content. If there is a record, removes from it the names that no longer
    /// exist, so that files created there later by others are not owned.
    ///
    /// # Errors
    /// I/O errors, and a file that is not a record.
    pub fn begin(&self, owned: &[String]) -> io::Result<()> {
        let mut record = match self.read()? {
            Some(record) => record,
            None => Record { align_run: VERSION, owns: owned.iter().map(|name| (name.clone(), Vec::new())).collect() },
        };
        record.owns.retain(|name, _| fs::symlink_metadata(self.folder.join(name)).is_ok());
        self.write(&record)
    }

    /// What exists under a name.
    ///
    /// # Errors
    /// I/O errors, and a file that is not a record.
    pub fn status(&self, name: &str) -> io::Result<EntryStatus> {
        let path = self.folder.join(name);
        let found = match fs::symlink_metadata(&path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(EntryStatus::Absent),
            found => found?,
        };
        if found.is_symlink() {
            return Ok(EntryStatus::Link);
        }
        let record = self.read()?.unwrap_or_default();
        Ok(match record.owns.get(name) {
            None => EntryStatus::Foreign,
            Some(fingerprints) if fingerprints.is_empty() || fingerprints.contains(&fingerprint::of_path(&path)?) => {
                EntryStatus::Own
            }
            Some(_) => EntryStatus::Changed,
        })
    }

    /// The owned names.
    ///
    /// # Errors
    /// I/O errors, and a file that is not a record.
    pub fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.read()?.unwrap_or_default().owns.into_keys().collect())
    }

    /// Records a file that grows as owned, whatever its content.
    ///
    /// # Errors
    /// I/O errors, and a file that is not a record.
    pub fn own_growing(&self, name: &str) -> io::Result<()> {
        self.change(|owns| drop(owns.insert(name.to_owned(), Vec::new())))
    }

    /// Records `name` as owned with the content of the file or folder at `content`, which will be renamed to `name`.
    ///
    /// # Errors
    /// I/O errors, and a file that is not a record.
    pub fn own(&self, name: &str, content: &Path) -> io::Result<()> {
        self.own_fingerprint(name, fingerprint::of_path(content)?)
    }

    /// Records `name` as owned with these bytes as its content, which will be written to it.
    ///
    /// # Errors
    /// I/O errors, and a file that is not a record.
    pub fn own_bytes(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.own_fingerprint(name, fingerprint::of_bytes(bytes)?)
    }

    fn own_fingerprint(&self, name: &str, fingerprint: String) -> io::Result<()> {
        self.change(|owns| {
            let fingerprints = owns.entry(name.to_owned()).or_default();
            fingerprints.retain(|known| *known != fingerprint);
            fingerprints.push(fingerprint);
            let old = fingerprints.len().saturating_sub(FINGERPRINTS);
            fingerprints.drain(..old);
        })
    }

    /// Removes a name from the record. Call it after the file or folder has been removed.
    ///
    /// # Errors
    /// I/O errors, and a file that is not a record.
    pub fn disown(&self, name: &str) -> io::Result<()> {
        self.change(|owns| drop(owns.remove(name)))
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, Vec<String>>)) -> io::Result<()> {
        let mut record = self.read()?.unwrap_or(Record { align_run: VERSION, owns: BTreeMap::new() });
        change(&mut record.owns);
        self.write(&record)
    }

    fn path(&self) -> PathBuf {
        self.folder.join(Self::FILE)
    }

    fn read(&self) -> io::Result<Option<Record>> {
        let path = self.path();
        let found = match fs::symlink_metadata(&path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            found => found?,
        };
        if !found.is_file() {
            return Err(not_a_record("it is not a regular file"));
        }
        let mut bytes = Vec::new();
        File::open(&path)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
        let record: Record = serde_json::from_slice(&bytes).map_err(|e| not_a_record(&e.to_string()))?;
        match record.align_run {
            VERSION => Ok(Some(record)),
            other => Err(not_a_record(&format!("its version is {other}, expected {VERSION}"))),
        }
    }

    fn write(&self, record: &Record) -> io::Result<()> {
        let text = serde_json::to_string_pretty(record)?;
        write_file(&self.path(), true, |file| writeln!(file, "{text}"))
    }
}

fn not_a_record(why: &str) -> io::Error {
    let what = format!("{} is not a record of the files that a run wrote: {why}; move it away", Ownership::FILE);
    io::Error::new(ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_written_and_unchanged_content_is_owned() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let owner = Ownership::of(dir.path());
        let status = |name: &str| owner.status(name).unwrap();
        fs::create_dir(at("model")).unwrap();
        fs::write(at("model/weights"), vec![7; 300_000]).unwrap();
        assert_eq!((status("model"), status("none")), (EntryStatus::Foreign, EntryStatus::Absent));
        owner.own("model", &at("model")).unwrap();
        assert_eq!(status("model"), EntryStatus::Own);
        for change in [
            (|at| fs::write(at, vec![7; 300_001]).unwrap()) as fn(PathBuf),
            |at| fs::write(at, [vec![7; 299_999], vec![8]].concat()).unwrap(),
            |at| fs::write(at.with_file_name("notes"), "mine").unwrap(),
            |at| fs::create_dir(at.with_file_name("empty")).unwrap(),
        ] {
            fs::remove_dir_all(at("model")).unwrap();
            fs::create_dir(at("model")).unwrap();
            fs::write(at("model/weights"), vec![7; 300_000]).unwrap();
            assert_eq!(status("model"), EntryStatus::Own);
            change(at("model/weights"));
            assert_eq!(status("model"), EntryStatus::Changed);
        }
        owner.disown("model").unwrap();
        assert_eq!(status("model"), EntryStatus::Foreign);
    }

    #[test]
    fn content_is_owned_before_and_after_it_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let owner = Ownership::of(dir.path());
        let path = dir.path().join("a");
        for text in ["one", "two", "three"] {
            let before = owner.status("a").unwrap();
            owner.own_bytes("a", text.as_bytes()).unwrap();
            assert_eq!(owner.status("a").unwrap(), before);
            fs::write(&path, text).unwrap();
            assert_eq!(owner.status("a").unwrap(), EntryStatus::Own);
        }
        fs::write(&path, "one").unwrap();
        assert_eq!(owner.status("a").unwrap(), EntryStatus::Changed);
        // The next process does not own a name that no longer exists.
        fs::remove_file(&path).unwrap();
        owner.begin(&[]).unwrap();
        fs::write(&path, "three").unwrap();
        assert_eq!(owner.status("a").unwrap(), EntryStatus::Foreign);
        owner.own_growing("a").unwrap();
        fs::write(&path, "anything").unwrap();
        assert_eq!((owner.status("a").unwrap(), owner.names().unwrap()), (EntryStatus::Own, vec!["a".to_owned()]));
    }

    #[test]
    fn another_file_with_the_name_of_the_record_is_rejected() {
        let dir = tempfile::tempdir().unwrap();
        for text in ["{\"mine\": 1}", "{\"align_run\": 2, \"owns\": {}}", "run"] {
            fs::write(dir.path().join(Ownership::FILE), text).unwrap();
            let problem = Ownership::of(dir.path()).begin(&[]).unwrap_err().to_string();
            assert!(problem.contains("run.json") && problem.contains("move it away"), "{problem}");
            assert_eq!(fs::read_to_string(dir.path().join(Ownership::FILE)).unwrap(), text);
        }
    }
}
