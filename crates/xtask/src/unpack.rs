//! Unpacks selected files of a zip archive (such as a wheel) without trusting its contents.

use crate::disk::OnDisk;
use crate::failure::{Context, Failure};
use crate::interrupt;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Component, Path};
use zip::ZipArchive;

/// Far more than LibTorch with CUDA needs. An archive that claims to be larger is rejected.
pub const MAX_UNPACKED_BYTES: u64 = 16 << 30;

fn open(archive: &Path) -> Result<ZipArchive<BufReader<File>>, Failure> {
    let name = archive.display();
    let file = File::open(archive).context(|| format!("cannot open {name}"))?;
    ZipArchive::new(BufReader::new(file))
        .context(|| format!("{name} is not a readable zip archive: it is truncated, or not a zip"))
}

/// The unpacked size of the selected files, according to the archive.
pub fn size(archive: &Path, is_selected: impl Fn(&str) -> bool) -> Result<u64, Failure> {
    let mut archive = open(archive)?;
    let mut sum: u64 = 0;
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).context(|| format!("cannot read entry {index}"))?;
        if entry.name().is_ok_and(|name| is_selected(&name)) {
            sum = sum.saturating_add(entry.size());
        }
    }
    Ok(sum)
}

/// Unpacks the entries for which `target` returns a path in `folder`. Returns the paths that were written.
pub fn unpack(
    archive: &Path,
    folder: &Path,
    max_bytes: u64,
    target: impl Fn(&str) -> Option<String>,
) -> Result<Vec<String>, Failure> {
    let name = archive.display();
    let mut archive = open(archive)?;
    let mut left = max_bytes;
    let mut written = Vec::new();
    for index in 0..archive.len() {
        interrupt::check()?;
        let mut entry = archive.by_index(index).context(|| format!("cannot read entry {index} of {name}"))?;
        let entry_name = entry.name().context(|| format!("entry {index} of {name} has no readable name"))?.into_owned();
        if !stays_inside(&entry_name) {
            return Err(Failure::new(format!("{name} contains {entry_name:?}, a path outside its folder")));
        }
        let Some(target) = target(&entry_name) else { continue };
        if !entry.is_file() {
            return Err(Failure::new(format!("{name}: {entry_name:?} must be a regular file")));
        }
        let size = entry.size();
        left = left.checked_sub(size).ok_or_else(|| {
            Failure::new(format!("{name} claims to unpack to more than {max_bytes} bytes ({entry_name:?}: {size})"))
        })?;
        write_file(&mut entry, size, &folder.join(&target))
            .on_disk(|| format!("cannot unpack {entry_name:?} of {name}"))?;
        written.push(target);
    }
    Ok(written)
}

fn stays_inside(name: &str) -> bool {
    !name.contains(['\\', '\0'])
        && !name.is_empty()
        && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
}

/// Writes exactly `size` bytes to a new file.
fn write_file(entry: &mut impl Read, size: u64, file: &Path) -> Result<(), io::Error> {
    if let Some(parent) = file.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut output = File::create_new(file)?;
    // Reading one byte more than declared detects a wrong size. Reading to the end makes the zip crate check the checksum.
    let written = io::copy(&mut entry.take(size.saturating_add(1)), &mut output)?;
    if written != size {
        let found = if written > size { "more".to_owned() } else { written.to_string() };
        return Err(io::Error::other(format!("expected {size} bytes, found {found}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use std::io::Write;
    use std::path::PathBuf;
    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    struct TestArchive {
        folder: tempfile::TempDir,
    }

    impl TestArchive {
        fn new() -> Self {
            Self { folder: tempfile::tempdir().unwrap() }
        }

        fn path(&self) -> PathBuf {
            self.folder.path().join("a.whl")
        }

        fn write(&self, entries: &[(&str, &[u8])]) {
            let mut writer = ZipWriter::new(File::create(self.path()).unwrap());
            let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
            for (name, bytes) in entries {
                writer.start_file(*name, options).unwrap();
                writer.write_all(bytes).unwrap();
            }
            writer.finish().unwrap();
        }

        /// Replaces every occurrence of some bytes in the archive with other bytes of the same length.
        fn patch(&self, from: &[u8], to: &[u8]) {
            assert_eq!(from.len(), to.len());
            let mut bytes = fs::read(self.path()).unwrap();
            let positions: Vec<usize> =
                bytes.windows(from.len()).enumerate().filter(|(_, w)| *w == from).map(|(i, _)| i).collect();
            assert!(!positions.is_empty());
            for position in positions {
                bytes[position..position + to.len()].copy_from_slice(to);
            }
            fs::write(self.path(), bytes).unwrap();
        }

        fn unpack(&self) -> Result<Vec<String>, Failure> {
            unpack(&self.path(), &self.folder.path().join("out/deep"), 2 << 30, |name| Some(name.to_owned()))
        }

        fn failure(&self) -> String {
            self.unpack().unwrap_err().to_string()
        }
    }

    #[test]
    fn the_selected_files_are_written_to_their_targets() {
        let archive = TestArchive::new();
        archive.write(&[("torch/include/a/b.h", b"header"), ("torch/lib/x.so", b"\x7fELF"), ("torch/c.py", b"no")]);
        let out = archive.folder.path().join("out");
        let written = unpack(&archive.path(), &out, 2 << 30, |name| {
            name.strip_prefix("torch/include/").map(|n| format!("include/{n}"))
        });
        assert_eq!(written.unwrap(), ["include/a/b.h"]);
        assert_eq!(fs::read(out.join("include/a/b.h")).unwrap(), b"header");
        assert!(!out.join("lib").exists() && !out.join("c.py").exists());
    }

    #[test]
    fn the_size_is_that_of_the_selected_files() {
        let archive = TestArchive::new();
        archive.write(&[("torch/include/a/b.h", b"header"), ("torch/lib/x.so", b"\x7fELF"), ("torch/c.py", b"no")]);
        assert_eq!(size(&archive.path(), |name| !name.ends_with(".py")).unwrap(), 10);
    }

    #[test]
    fn paths_outside_the_folder_are_rejected_and_nothing_is_written() {
        for (harmless, hostile) in [
            ("xx/evil", "../evil"),
            ("a/xx/xx/evil", "a/../../evil"),
            ("xtmp/evil", "/tmp/evil"),
            ("xx-evil", "..\\evil"),
        ] {
            let archive = TestArchive::new();
            archive.write(&[(harmless, b"evil")]);
            archive.patch(harmless.as_bytes(), hostile.as_bytes());
            let failure = archive.failure();
            assert!(failure.contains("a path outside its folder"), "{hostile}: {failure}");
            assert!(!archive.folder.path().join("out").exists());
        }
    }

    #[test]
    fn links_are_rejected() {
        let archive = TestArchive::new();
        let mut writer = ZipWriter::new(File::create(archive.path()).unwrap());
        writer.add_symlink("lib", "/etc", SimpleFileOptions::default()).unwrap();
        writer.finish().unwrap();
        assert!(archive.failure().contains("must be a regular file"));
    }

    #[test]
    fn a_wrong_size_is_rejected() {
        let archive = TestArchive::new();
        let content = [b'x'; 1000];
        for claimed in [999_u32, 1001] {
            archive.write(&[("a.h", &content)]);
            // The entry is stored uncompressed, so the compressed and the uncompressed size are equal. Change the second.
            let correct = [1000_u32.to_le_bytes(), 1000_u32.to_le_bytes()].concat();
            let wrong = [1000_u32.to_le_bytes(), claimed.to_le_bytes()].concat();
            archive.patch(&correct, &wrong);
            let failure = archive.failure();
            assert!(failure.contains("a.h"), "{failure}");
            fs::remove_dir_all(archive.folder.path().join("out")).ok();
        }
    }

    #[test]
    fn an_absurd_size_is_rejected_before_anything_is_written() {
        let archive = TestArchive::new();
        archive.write(&[("a.h", &[b'x'; 1000])]);
        let correct = [1000_u32.to_le_bytes(), 1000_u32.to_le_bytes()].concat();
        archive.patch(&correct, &[1000_u32.to_le_bytes(), 0xf000_0000_u32.to_le_bytes()].concat());
        let failure = archive.failure();
        assert!(failure.contains("claims to unpack"), "{failure}");
        assert!(!archive.folder.path().join("out").exists());
    }

    #[test]
    fn changed_content_fails_the_checksum() {
        let archive = TestArchive::new();
        archive.write(&[("a.h", b"the right content")]);
        archive.patch(b"right", b"wrong");
        assert!(archive.failure().contains("a.h"));
    }

    #[test]
    fn a_truncated_archive_is_rejected() {
        let archive = TestArchive::new();
        archive.write(&[("a.h", b"content")]);
        let bytes = fs::read(archive.path()).unwrap();
        fs::write(archive.path(), &bytes[..bytes.len() / 2]).unwrap();
        assert!(archive.failure().contains("not a readable zip archive"));
    }

    #[test]
    fn two_entries_with_the_same_target_are_rejected() {
        let archive = TestArchive::new();
        archive.write(&[("a.h", b"one"), ("b.h", b"two")]);
        let result = unpack(&archive.path(), &archive.folder.path().join("out"), 2 << 30, |_| Some("same.h".into()));
        assert!(result.unwrap_err().to_string().contains("b.h"));
    }
}
