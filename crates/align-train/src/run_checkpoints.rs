//! The checkpoints in a run folder.

use crate::checkpoint_names::{checkpoint_dir, checkpoint_name, step_of};
use crate::{Error, Result, legacy_run};
use align_base::files::{EntryStatus, Ownership};
use std::path::{Path, PathBuf};

/// The checkpoints that a run has written into its folder, by step, oldest first. For a run of an earlier version, which did not record
/// its files, those that look like its own.
pub(crate) fn checkpoints(run: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let owner = Ownership::of(run);
    let fail = |e: std::io::Error| Error::Output { path: run.to_owned(), reason: e.to_string() };
    let names = if owner.has_record().map_err(fail)? {
        let mut own = owner.names().map_err(fail)?;
        own.retain(|name| run.join(name).is_dir());
        own
    } else {
        legacy_run::checkpoints(run)?
    };
    let mut all: Vec<_> = names.iter().filter_map(|name| Some((step_of(name)?, run.join(name)))).collect();
    all.sort();
    Ok(all)
}

/// The newest checkpoint that a run has written into its folder, if there is one.
///
/// # Errors
/// A folder that cannot be read.
pub fn latest_checkpoint(run: &Path) -> Result<Option<PathBuf>> {
    Ok(checkpoints(run)?.pop().map(|(_, path)| path))
}

/// Whether the run has written this checkpoint and nothing has changed it since.
pub(crate) fn is_unchanged(run: &Path, step: u64) -> Result<bool> {
    let path = checkpoint_dir(run, step);
    let name = checkpoint_name(step);
    let status = Ownership::of(run).status(&name);
    Ok(status.map_err(|e| Error::Checkpoint { path, reason: e.to_string() })? == EntryStatus::Own)
}
