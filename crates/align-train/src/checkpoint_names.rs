//! The names of checkpoint folders.

use std::path::{Path, PathBuf};

const PREFIX: &str = "checkpoint-";

/// The name of the checkpoint after `step` steps.
pub(crate) fn checkpoint_name(step: u64) -> String {
    format!("{PREFIX}{step}")
}

/// The folder of the checkpoint after `step` steps.
pub(crate) fn checkpoint_dir(run: &Path, step: u64) -> PathBuf {
    run.join(checkpoint_name(step))
}

/// The step in the name of a checkpoint folder, if it is one.
pub(crate) fn step_of(name: &str) -> Option<u64> {
    name.strip_prefix(PREFIX)?.parse().ok()
}

/// Whether a folder name is that of a checkpoint.
pub(crate) fn is_checkpoint_name(name: &str) -> bool {
    step_of(name).is_some()
}
