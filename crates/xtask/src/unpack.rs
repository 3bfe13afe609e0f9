//! Unpacking chosen files of a zip archive (a wheel is one, too), trusting none of its words.

use crate::disk::OnDisk;
use crate::failure::{Context, Failure};
use crate::interrupt;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Component, Path};
use zip::ZipArchive;

/// More than LibTorch with CUDA needs by far; an archive that claims more is not what was asked for.
pub const MOST_BYTES: u64 = 16 << 30;

fn open(archive: &Path) -> Result<ZipArchive<BufReader<File>>, Failure> {
    let name = archive.display();
    let file = File::open(archive).context(|| format!("cannot open {name}"))?;
    ZipArchive::new(BufReader::new(file))
        .context(|| format!("{name} is not a readable zip archive: it was cut short, or is something else"))
}

/// What the chosen files take once unpacked, by the archive's own word.
pub fn size(archive: &Path, chosen: impl Fn(&str) -> bool) -> Result<u64, Failure> {
    let mut archive = open(archive)?;
    let mut sum: u64 = 0;
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).context(|| format!("cannot read entry {index}"))?;
        if entry.name().is_ok_and(|name| chosen(&name)) {
            sum = sum.saturating_add(entry.size());
        }
    }
    Ok(sum)
}

/// Unpacks into `folder` what `place` gives a place in it; returns the places filled.
pub fn unpack(
    archive: &Path,
    folder: &Path,
    most_bytes: u64,
    place: impl Fn(&str) -> Option<String>,
) -> Result<Vec<String>, Failure> {
    let name = archive.display();
    let mut archive = open(archive)?;
    let mut left = most_bytes;
    let mut filled = Vec::new();
    for index in 0..archive.len() {
        interrupt::check()?;
        let mut entry = archive.by_index(index).context(|| format!("cannot read entry {index} of {name}"))?;
        let entry_name = entry.name().context(|| format!("entry {index} of {name} has no readable name"))?.into_owned();
        if !stays_inside(&entry_name) {
            return Err(Failure::new(format!("{name} holds {entry_name:?}, a name that leads out of its folder")));
        }
        let Some(target) = place(&entry_name) else { continue };
        if !entry.is_file() {
            return Err(Failure::new(format!("{name}: {entry_name:?} must be a plain file")));
        }
        let size = entry.size();
        left = left.checked_sub(size).ok_or_else(|| {
            Failure::new(format!("{name} claims to unpack to more than {most_bytes} bytes ({entry_name:?}: {size})"))
        })?;
        write_file(&mut entry, size, &folder.join(&target))
            .on_disk(|| format!("cannot unpack {entry_name:?} of {name}"))?;
        filled.push(target);
    }
    Ok(filled)
}

fn stays_inside(name: &str) -> bool {
    !name.contains(['\\', '\0'])
        && !name.is_empty()
        && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
}

/// Writes exactly `size` bytes, into a file that is not there yet.
fn write_file(entry: &mut impl Read, size: u64, file: &Path) -> Result<(), io::Error> {
    if let Some(parent) = file.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut output = File::create_new(file)?;
    // One byte more than promised is enough to see a lie; reading to the end also makes zip compare the checksum.
    let written = io::copy(&mut entry.take(size.saturating_add(1)), &mut output)?;
    if written != size {
        let found = if written > size { "more".to_owned() } else { written.to_string() };
        return Err(io::Error::other(format!("it should hold {size} bytes and holds {found}")));
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

    struct Scratch {
        folder: tempfile::TempDir,
    }

    impl Scratch {
        fn new() -> Self {
            Self { folder: tempfile::tempdir().unwrap() }
        }

        fn wheel(&self) -> PathBuf {
            self.folder.path().join("a.whl")
        }

        fn write(&self, entries: &[(&str, &[u8])]) {
            let mut writer = ZipWriter::new(File::create(self.wheel()).unwrap());
            let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
            for (name, bytes) in entries {
                writer.start_file(*name, options).unwrap();
                writer.write_all(bytes).unwrap();
            }
            writer.finish().unwrap();
        }

        /// Replaces every occurrence in the archive by bytes of the same length.
        fn patch(&self, from: &[u8], to: &[u8]) {
            assert_eq!(from.len(), to.len());
            let mut bytes = fs::read(self.wheel()).unwrap();
            let places: Vec<usize> =
                bytes.windows(from.len()).enumerate().filter(|(_, w)| *w == from).map(|(i, _)| i).collect();
            assert!(!places.is_empty());
            for place in places {
                bytes[place..place + to.len()].copy_from_slice(to);
            }
            fs::write(self.wheel(), bytes).unwrap();
        }

        fn unpack(&self) -> Result<Vec<String>, Failure> {
            unpack(&self.wheel(), &self.folder.path().join("out/deep"), 2 << 30, |name| Some(name.to_owned()))
        }

        fn failure(&self) -> String {
            self.unpack().unwrap_err().to_string()
        }
    }

    #[test]
    fn the_chosen_files_are_written_where_they_belong() {
        let scratch = Scratch::new();
        scratch.write(&[("torch/include/a/b.h", b"header"), ("torch/lib/x.so", b"\x7fELF"), ("torch/c.py", b"no")]);
        let out = scratch.folder.path().join("out");
        let filled = unpack(&scratch.wheel(), &out, 2 << 30, |name| {
            name.strip_prefix("torch/include/").map(|n| format!("include/{n}"))
        });
        assert_eq!(filled.unwrap(), ["include/a/b.h"]);
        assert_eq!(fs::read(out.join("include/a/b.h")).unwrap(), b"header");
        assert!(!out.join("lib").exists() && !out.join("c.py").exists());
    }

    #[test]
    fn the_size_is_that_of_the_chosen() {
        let scratch = Scratch::new();
        scratch.write(&[("torch/include/a/b.h", b"header"), ("torch/lib/x.so", b"\x7fELF"), ("torch/c.py", b"no")]);
        assert_eq!(size(&scratch.wheel(), |name| !name.ends_with(".py")).unwrap(), 10);
    }

    #[test]
    fn names_that_lead_out_are_refused_and_nothing_is_written() {
        for (harmless, hostile) in [
            ("xx/evil", "../evil"),
            ("a/xx/xx/evil", "a/../../evil"),
            ("xtmp/evil", "/tmp/evil"),
            ("xx-evil", "..\\evil"),
        ] {
            let scratch = Scratch::new();
            scratch.write(&[(harmless, b"evil")]);
            scratch.patch(harmless.as_bytes(), hostile.as_bytes());
            let failure = scratch.failure();
            assert!(failure.contains("leads out of its folder"), "{hostile}: {failure}");
            assert!(!scratch.folder.path().join("out").exists());
        }
    }

    #[test]
    fn links_are_refused() {
        let scratch = Scratch::new();
        let mut writer = ZipWriter::new(File::create(scratch.wheel()).unwrap());
        writer.add_symlink("lib", "/etc", SimpleFileOptions::default()).unwrap();
        writer.finish().unwrap();
        assert!(scratch.failure().contains("must be a plain file"));
    }

    #[test]
    fn a_size_that_lies_is_refused() {
        let scratch = Scratch::new();
        let content = [b'x'; 1000];
        for claimed in [999_u32, 1001] {
            scratch.write(&[("a.h", &content)]);
            // Stored: the sizes stand twice in a row, packed and unpacked; the second is the one to lie about.
            let honest = [1000_u32.to_le_bytes(), 1000_u32.to_le_bytes()].concat();
            let lie = [1000_u32.to_le_bytes(), claimed.to_le_bytes()].concat();
            scratch.patch(&honest, &lie);
            let failure = scratch.failure();
            assert!(failure.contains("a.h"), "{failure}");
            fs::remove_dir_all(scratch.folder.path().join("out")).ok();
        }
    }

    #[test]
    fn a_claim_beyond_reason_is_refused_before_writing() {
        let scratch = Scratch::new();
        scratch.write(&[("a.h", &[b'x'; 1000])]);
        let honest = [1000_u32.to_le_bytes(), 1000_u32.to_le_bytes()].concat();
        scratch.patch(&honest, &[1000_u32.to_le_bytes(), 0xf000_0000_u32.to_le_bytes()].concat());
        let failure = scratch.failure();
        assert!(failure.contains("claims to unpack"), "{failure}");
        assert!(!scratch.folder.path().join("out").exists());
    }

    #[test]
    fn changed_content_fails_the_checksum() {
        let scratch = Scratch::new();
        scratch.write(&[("a.h", b"the right content")]);
        scratch.patch(b"right", b"wrong");
        assert!(scratch.failure().contains("a.h"));
    }

    #[test]
    fn a_cut_wheel_is_refused() {
        let scratch = Scratch::new();
        scratch.write(&[("a.h", b"content")]);
        let bytes = fs::read(scratch.wheel()).unwrap();
        fs::write(scratch.wheel(), &bytes[..bytes.len() / 2]).unwrap();
        assert!(scratch.failure().contains("not a readable zip archive"));
    }

    #[test]
    fn the_same_place_twice_is_refused() {
        let scratch = Scratch::new();
        scratch.write(&[("a.h", b"one"), ("b.h", b"two")]);
        let result = unpack(&scratch.wheel(), &scratch.folder.path().join("out"), 2 << 30, |_| Some("same.h".into()));
        assert!(result.unwrap_err().to_string().contains("b.h"));
    }
}
