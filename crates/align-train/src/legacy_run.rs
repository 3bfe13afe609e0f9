//! Recognises the files of runs by earlier versions, which did not record the files that they wrote.

use crate::checkpoint_names::{is_checkpoint_name, step_of};
use crate::{Error, Result};
use serde::Deserialize;
use serde_json::Value;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;

/// Fields that every version has written into the state of a checkpoint.
#[derive(Deserialize)]
struct State {
    step: u64,
    #[serde(rename = "num_tokens")]
    _num_tokens: u64,
    #[serde(rename = "config")]
    _config: Value,
}

/// The names in a run folder that an earlier version has written: the metrics file `records`, the checkpoints, and those of `others` that
/// exist. Empty unless the metrics file is valid. A model or a report cannot be attributed to the run.
pub(crate) fn names(run: &Path, records: &str, others: &[&str]) -> Result<Vec<String>> {
    if !is_metrics_file(&run.join(records)) {
        return Ok(Vec::new());
    }
    let mut found = checkpoints(run)?;
    for name in [records].iter().chain(others) {
        if run.join(name).exists() {
            found.push((*name).to_owned());
        }
    }
    tracing::warn!(folder = %run.display(), "this is a run of an earlier version: assuming that it wrote {}", found.join(", "));
    Ok(found)
}

/// The names of folders with a checkpoint whose step matches its name.
pub(crate) fn checkpoints(run: &Path) -> Result<Vec<String>> {
    let fail = |e: std::io::Error| Error::Output { path: run.to_owned(), reason: e.to_string() };
    let mut found = Vec::new();
    for entry in fs::read_dir(run).map_err(fail)? {
        let name = entry.map_err(fail)?.file_name().to_string_lossy().into_owned();
        if is_checkpoint_name(&name) && has_state_of_step(&run.join(&name), step_of(&name)) {
            found.push(name);
        }
    }
    Ok(found)
}

/// Whether a folder has the state of a checkpoint after `step` steps.
fn has_state_of_step(checkpoint: &Path, step: Option<u64>) -> bool {
    if !fs::symlink_metadata(checkpoint).is_ok_and(|found| found.is_dir()) {
        return false;
    }
    let Ok(text) = fs::read(checkpoint.join("trainer_state.json")) else { return false };
    serde_json::from_slice::<State>(&text).is_ok_and(|state| Some(state.step) == step)
}

/// Whether all lines are records of a run. The last line may be incomplete, because a process may have been killed.
fn is_metrics_file(path: &Path) -> bool {
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
