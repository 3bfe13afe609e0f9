use super::{Flow, Observer};
use crate::checkpoint::{checkpoint_dir, checkpoints};
use crate::objective::Objective;
use crate::{Error, Result, StepRecord, Trainer};
use std::path::{Path, PathBuf};

/// Writes `checkpoint-STEP` folders into a run folder as the options say, and one at the end of a run that was stopped.
#[derive(Debug)]
pub struct CheckpointSaver {
    dir: PathBuf,
}

impl CheckpointSaver {
    /// Writes into `dir`.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    fn save<O: Objective>(&self, trainer: &Trainer<O>) -> Result<()> {
        let dir = checkpoint_dir(&self.dir, trainer.step());
        if !dir.exists() {
            trainer.save_checkpoint(&dir)?;
        }
        if let Some(limit) = trainer.training().save_total_limit {
            let all = checkpoints(&self.dir)?;
            for (_, old) in all.iter().take(all.len().saturating_sub(limit)) {
                std::fs::remove_dir_all(old)
                    .map_err(|e| Error::Checkpoint { path: old.clone(), reason: format!("cannot be removed: {e}") })?;
            }
        }
        Ok(())
    }
}

impl<O: Objective> Observer<O> for CheckpointSaver {
    fn on_step(&mut self, trainer: &Trainer<O>, _: &StepRecord) -> Result<Flow> {
        if trainer.is_due(trainer.training().save_strategy, trainer.training().save_steps) {
            self.save(trainer)?;
        }
        Ok(Flow::Continue)
    }

    fn on_end(&mut self, trainer: &Trainer<O>) -> Result<()> {
        // A stopped run must be resumable whatever the strategy; a finished one leaves its final model.
        if trainer.step() < trainer.total_steps() { self.save(trainer) } else { Ok(()) }
    }
}
