//! The checkpoints of a run folder.

use crate::checkpoint_names::{checkpoint_dir, checkpoint_name, step_of};
use crate::{Error, Result, earlier_run};
use align_base::files::{EntryStatus, Ownership};
use std::path::{Path, PathBuf};

/// A run folder's checkpoints by step, oldest first: those that a run wrote there, and of a run of a version that kept no record
/// those that seem its own.
pub(crate) fn checkpoints(run: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let owner = Ownership::of(run);
    let fail = |e: std::io::Error| Error::Output { path: run.to_owned(), reason: e.to_string() };
    let names = if owner.has_record().map_err(fail)? {
        let mut own = owner.names().map_err(fail)?;
        own.retain(|name| run.join(name).is_dir());
        own
    } else {
        earlier_run::checkpoints(run)?
    };
    let mut all: Vec<_> = names.iter().filter_map(|name| Some((step_of(name)?, run.join(name)))).collect();
    all.sort();
    Ok(all)
}

/// The newest checkpoint that a run wrote into its folder, if there is one.
///
/// # Errors
/// A folder that cannot be read.
pub fn latest_checkpoint(run: &Path) -> Result<Option<PathBuf>> {
    Ok(checkpoints(run)?.pop().map(|(_, path)| path))
}

/// Whether a checkpoint is as the run wrote it.
pub(crate) fn is_own(run: &Path, step: u64) -> Result<bool> {
    let path = checkpoint_dir(run, step);
    let name = checkpoint_name(step);
    let standing = Ownership::of(run).status(&name);
    Ok(standing.map_err(|e| Error::Checkpoint { path, reason: e.to_string() })? == EntryStatus::Own)
}
