//! What a run wrote into its folder before runs kept a record of it.

use crate::checkpoint_names::{is_checkpoint, step_of};
use crate::{Error, Result};
use serde::Deserialize;
use serde_json::Value;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;

/// What each version has written into a checkpoint's state, and no other program does.
#[derive(Deserialize)]
struct State {
    step: u64,
    #[serde(rename = "num_tokens")]
    _num_tokens: u64,
    #[serde(rename = "config")]
    _config: Value,
}

/// The names that are taken to be the run's where its `records` are whole: these, its checkpoints, and the `others`, such as options. Nobody can tell whether a model or a report there is the run's.
pub(crate) fn names(run: &Path, records: &str, others: &[&str]) -> Result<Vec<String>> {
    if !holds_records(&run.join(records)) {
        return Ok(Vec::new());
    }
    let mut found = checkpoints(run)?;
    for name in [records].iter().chain(others) {
        if run.join(name).exists() {
            found.push((*name).to_owned());
        }
    }
    tracing::warn!(folder = %run.display(), "a run of an earlier version: {} are taken to be its own", found.join(", "));
    Ok(found)
}

/// The folders that hold a checkpoint of this program, after the step of their name.
pub(crate) fn checkpoints(run: &Path) -> Result<Vec<String>> {
    let fail = |e: std::io::Error| Error::Output { path: run.to_owned(), reason: e.to_string() };
    let mut found = Vec::new();
    for entry in fs::read_dir(run).map_err(fail)? {
        let name = entry.map_err(fail)?.file_name().to_string_lossy().into_owned();
        if is_checkpoint(&name) && holds_state(&run.join(&name), step_of(&name)) {
            found.push(name);
        }
    }
    Ok(found)
}

/// A state that cannot be read is a damaged one's: it is said when it is resumed from.
fn holds_state(checkpoint: &Path, step: Option<u64>) -> bool {
    if !fs::symlink_metadata(checkpoint).is_ok_and(|found| found.is_dir()) {
        return false;
    }
    let Ok(text) = fs::read(checkpoint.join("trainer_state.json")) else { return false };
    serde_json::from_slice::<State>(&text).is_ok_and(|state| Some(state.step) == step)
}

/// Whether all lines, but for a last one that a killed process left, are a run's records.
fn holds_records(path: &Path) -> bool {
    if !fs::symlink_metadata(path).is_ok_and(|found| found.is_file()) {
        return false;
    }
    let Ok(file) = File::open(path) else { return false };
    let is_record = |line: &[u8]| {
        let value = serde_json::from_slice::<Value>(line).ok();
        value.is_some_and(|value| value.get("step").is_some() && value.get("epoch").is_some())
    };
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.read_until(b'\n', &mut line) {
            Err(_) => return false,
            Ok(0) => return true,
            Ok(_) if !line.ends_with(b"\n") => return true,
            Ok(_) if !is_record(&line) => return false,
            Ok(_) => {}
        }
    }
}
