//! Shows the progress of a download on one line of a terminal.

use std::fs;
use std::io::{IsTerminal, Write, stderr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_millis(500);

/// Watches the folder of a download and prints its size. Prints nothing if standard error is not a terminal.
pub struct DownloadProgress {
    folder: PathBuf,
    total: Option<u64>,
    shown: Option<Instant>,
    on_terminal: bool,
}

impl DownloadProgress {
    pub fn new(folder: &Path, total: Option<u64>) -> Self {
        Self { folder: folder.to_owned(), total, shown: None, on_terminal: stderr().is_terminal() }
    }

    pub fn tick(&mut self) {
        if !self.on_terminal || self.shown.is_some_and(|shown| shown.elapsed() < INTERVAL) {
            return;
        }
        self.shown = Some(Instant::now());
        let line = line(largest_file(&self.folder), self.total);
        write!(stderr(), "\r\x1b[K       {line}").ok();
        stderr().flush().ok();
    }
}

impl Drop for DownloadProgress {
    fn drop(&mut self) {
        if self.shown.is_some() {
            write!(stderr(), "\r\x1b[K").ok();
        }
    }
}

fn line(bytes: u64, total: Option<u64>) -> String {
    match total {
        Some(total) => format!("{} of {} MB", bytes.min(total) / 1_000_000, total / 1_000_000),
        None => format!("{} MB", bytes / 1_000_000),
    }
}

/// The size of the download, which is by far the largest file. pip makes a second copy when it is complete.
fn largest_file(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(data) if data.is_dir() => largest_file(&entry.path()),
        Ok(data) => data.len(),
        Err(_) => 0,
    };
    entries.map(size).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn the_largest_file_is_measured() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(largest_file(folder.path()), 0);
        fs::create_dir_all(folder.path().join("pip-1/unpack")).unwrap();
        fs::write(folder.path().join("pip-1/unpack/torch.whl"), [0; 30]).unwrap();
        fs::write(folder.path().join("requirements.txt"), [0; 9]).unwrap();
        assert_eq!(largest_file(folder.path()), 30);
    }

    #[test]
    fn progress_never_exceeds_the_total() {
        assert_eq!(line(5_000_000, Some(10_000_000)), "5 of 10 MB");
        assert_eq!(line(15_000_000, Some(10_000_000)), "10 of 10 MB");
        assert_eq!(line(15_000_000, None), "15 MB");
    }
}
