//! Names of event files.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

const PREFIX: &str = "events.out.tfevents.";

/// Whether a folder has event files. A folder that does not exist has none.
///
/// # Errors
/// A folder that cannot be read.
pub fn has_event_files(folder: &Path) -> io::Result<bool> {
    Ok(!names(folder)?.is_empty())
}

/// The path of a new event file. TensorBoard reads the files of a folder in the order of their names, which begin with their time in seconds. The
/// time is therefore later than that of all others, even if the clock was set back.
pub(super) fn new_path(folder: &Path) -> io::Result<PathBuf> {
    let time = |name: String| name.strip_prefix(PREFIX)?.split('.').next()?.parse::<u64>().ok();
    let latest = names(folder)?.into_iter().filter_map(time).max();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let seconds = latest.map_or(now, |latest| now.max(latest.saturating_add(1)));
    let name = rustix::system::uname();
    // A name of a host has no other characters, but nothing enforces it.
    let host: String = name
        .nodename()
        .to_string_lossy()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' })
        .collect();
    Ok(folder.join(format!("{PREFIX}{seconds:010}.{host}.{}.0", std::process::id())))
}

/// The names of the event files in a folder.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with(PREFIX) {
            names.push(name);
        }
    }
    Ok(names)
}
