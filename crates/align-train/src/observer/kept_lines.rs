use crate::{Error, Result};
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// Leaves only those lines of a JSON-lines file that `keep` names; what is no JSON, as a killed process may leave the last line,
/// goes too. A file that is not there is made.
pub(super) fn keep_lines(path: &Path, keep: impl Fn(&Value) -> bool) -> Result<()> {
    let rewrite = || {
        let mut kept = Vec::new();
        if path.exists() {
            for line in BufReader::new(File::open(path)?).split(b'\n') {
                let line = line?;
                if serde_json::from_slice(&line).is_ok_and(|value| keep(&value)) {
                    kept.push(line);
                }
            }
        }
        align_files::write_file(path, true, |file| {
            kept.iter().try_for_each(|line| file.write_all(line).and_then(|()| file.write_all(b"\n")))
        })
    };
    rewrite().map_err(|e| Error::Output { path: path.to_owned(), reason: e.to_string() })
}

/// The optimiser step that a line belongs to.
pub(super) fn step_of(line: &Value) -> Option<u64> {
    line.get("step")?.as_u64()
}
