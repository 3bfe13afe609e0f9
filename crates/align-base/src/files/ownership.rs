//! Which files and folders of a folder a program wrote, so that it replaces and removes no others.

use super::{stamp, write_file};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Bytes of the largest record that is read.
const LARGEST: u64 = 16 << 20;
/// Contents that an owned name may have: what it holds, and what it is about to hold when a process is killed.
const CONTENTS: usize = 2;

/// What a program has written into a folder that may hold others' files too, as the record `run.json` in it says.
///
/// An entry's content is recorded before it gets its name, so that whatever process is killed, all that it wrote is its own.
/// The record is read for each question and written whole for each change; one process at a time may change it, which the
/// folder's lock sees to.
#[derive(Debug, Clone)]
pub struct Ownership {
    folder: PathBuf,
}

/// What stands under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nothing.
    Absent,
    /// What the program wrote.
    Own,
    /// What it did not write.
    Foreign,
    /// What it wrote, and somebody has changed.
    Changed,
    /// A link, which the program never makes.
    Link,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    /// The form of the record.
    align_run: u32,
    /// Stamps of the contents by names; none for a file that grows.
    owns: BTreeMap<String, Vec<String>>,
}

const FORM: u32 = 1;

impl Ownership {
    /// The record's name.
    pub const FILE: &'static str = "run.json";

    /// The record of `folder`, whether it is there or not.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Whether the folder has a record.
    ///
    /// # Errors
    /// A file of that name that is no record, or that cannot be read.
    pub fn is_begun(&self) -> io::Result<bool> {
        Ok(self.read()?.is_some())
    }

    /// Begins a record that owns these names as they stand, or, where there is one, drops from it what is not there any more, so
    /// that what others put there later is theirs.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn begin(&self, owned: &[String]) -> io::Result<()> {
        let mut record = match self.read()? {
            Some(record) => record,
            None => Record { align_run: FORM, owns: owned.iter().map(|name| (name.clone(), Vec::new())).collect() },
        };
        record.owns.retain(|name, _| fs::symlink_metadata(self.folder.join(name)).is_ok());
        self.write(&record)
    }

    /// What stands under a name.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn standing(&self, name: &str) -> io::Result<Standing> {
        let path = self.folder.join(name);
        let found = match fs::symlink_metadata(&path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Standing::Absent),
            found => found?,
        };
        if found.is_symlink() {
            return Ok(Standing::Link);
        }
        let record = self.read()?.unwrap_or_default();
        Ok(match record.owns.get(name) {
            None => Standing::Foreign,
            Some(stamps) if stamps.is_empty() || stamps.contains(&stamp::of_path(&path)?) => Standing::Own,
            Some(_) => Standing::Changed,
        })
    }

    /// The owned names.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.read()?.unwrap_or_default().owns.into_keys().collect())
    }

    /// Takes a name for a file that grows, whatever it holds.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn own_growing(&self, name: &str) -> io::Result<()> {
        self.change(|owns| drop(owns.insert(name.to_owned(), Vec::new())))
    }

    /// Takes a name for what stands at `content` and is about to get it.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn own(&self, name: &str, content: &Path) -> io::Result<()> {
        self.own_stamped(name, stamp::of_path(content)?)
    }

    /// Takes a name for a file of these bytes that is about to get it.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn own_bytes(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.own_stamped(name, stamp::of_bytes(bytes)?)
    }

    fn own_stamped(&self, name: &str, stamp: String) -> io::Result<()> {
        self.change(|owns| {
            let stamps = owns.entry(name.to_owned()).or_default();
            stamps.retain(|known| *known != stamp);
            stamps.push(stamp);
            let old = stamps.len().saturating_sub(CONTENTS);
            stamps.drain(..old);
        })
    }

    /// Gives a name up, after what stood there is gone.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn disown(&self, name: &str) -> io::Result<()> {
        self.change(|owns| drop(owns.remove(name)))
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, Vec<String>>)) -> io::Result<()> {
        let mut record = self.read()?.unwrap_or(Record { align_run: FORM, owns: BTreeMap::new() });
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
            return Err(not_a_record("it is not a plain file"));
        }
        let mut bytes = Vec::new();
        File::open(&path)?.take(LARGEST).read_to_end(&mut bytes)?;
        let record: Record = serde_json::from_slice(&bytes).map_err(|e| not_a_record(&e.to_string()))?;
        match record.align_run {
            FORM => Ok(Some(record)),
            other => Err(not_a_record(&format!("its form is {other}, this version knows {FORM}"))),
        }
    }

    fn write(&self, record: &Record) -> io::Result<()> {
        let text = serde_json::to_string_pretty(record)?;
        write_file(&self.path(), true, |file| writeln!(file, "{text}"))
    }
}

fn not_a_record(why: &str) -> io::Error {
    let what = format!("{} does not say which files here are whose: {why}; move it away", Ownership::FILE);
    io::Error::new(ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_what_was_written_and_stands_as_it_was_is_owned() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let owner = Ownership::of(dir.path());
        let standing = |name: &str| owner.standing(name).unwrap();
        fs::create_dir(at("model")).unwrap();
        fs::write(at("model/weights"), vec![7; 300_000]).unwrap();
        assert_eq!((standing("model"), standing("none")), (Standing::Foreign, Standing::Absent));
        owner.own("model", &at("model")).unwrap();
        assert_eq!(standing("model"), Standing::Own);
        for spoil in [
            (|at| fs::write(at, vec![7; 300_001]).unwrap()) as fn(PathBuf),
            |at| fs::write(at, [vec![7; 299_999], vec![8]].concat()).unwrap(),
            |at| fs::write(at.with_file_name("notes"), "mine").unwrap(),
            |at| fs::create_dir(at.with_file_name("empty")).unwrap(),
        ] {
            fs::remove_dir_all(at("model")).unwrap();
            fs::create_dir(at("model")).unwrap();
            fs::write(at("model/weights"), vec![7; 300_000]).unwrap();
            assert_eq!(standing("model"), Standing::Own);
            spoil(at("model/weights"));
            assert_eq!(standing("model"), Standing::Changed);
        }
        owner.disown("model").unwrap();
        assert_eq!(standing("model"), Standing::Foreign);
    }

    #[test]
    fn what_is_about_to_be_replaced_is_owned_before_and_after() {
        let dir = tempfile::tempdir().unwrap();
        let owner = Ownership::of(dir.path());
        let path = dir.path().join("a");
        for text in ["one", "two", "three"] {
            let before = owner.standing("a").unwrap();
            owner.own_bytes("a", text.as_bytes()).unwrap();
            assert_eq!(owner.standing("a").unwrap(), before);
            fs::write(&path, text).unwrap();
            assert_eq!(owner.standing("a").unwrap(), Standing::Own);
        }
        fs::write(&path, "one").unwrap();
        assert_eq!(owner.standing("a").unwrap(), Standing::Changed);
        // A name that is not there is not owned by the next process.
        fs::remove_file(&path).unwrap();
        owner.begin(&[]).unwrap();
        fs::write(&path, "three").unwrap();
        assert_eq!(owner.standing("a").unwrap(), Standing::Foreign);
        owner.own_growing("a").unwrap();
        fs::write(&path, "anything").unwrap();
        assert_eq!((owner.standing("a").unwrap(), owner.names().unwrap()), (Standing::Own, vec!["a".to_owned()]));
    }

    #[test]
    fn a_file_of_the_records_name_is_not_taken_for_one() {
        let dir = tempfile::tempdir().unwrap();
        for text in ["{\"mine\": 1}", "{\"align_run\": 2, \"owns\": {}}", "run"] {
            fs::write(dir.path().join(Ownership::FILE), text).unwrap();
            let problem = Ownership::of(dir.path()).begin(&[]).unwrap_err().to_string();
            assert!(problem.contains("run.json") && problem.contains("move it away"), "{problem}");
            assert_eq!(fs::read_to_string(dir.path().join(Ownership::FILE)).unwrap(), text);
        }
    }
}
