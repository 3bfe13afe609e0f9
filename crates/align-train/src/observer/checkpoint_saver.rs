use super::{Flow, Observer};
use crate::checkpoint::{checkpoint_dir, checkpoints};
use crate::{DpoTrainer, Error, Result, StepRecord};
use align_models::CausalLm;
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

    fn save<M: CausalLm>(&self, trainer: &DpoTrainer<M>) -> Result<()> {
        let dir = checkpoint_dir(&self.dir, trainer.step());
        if !dir.exists() {
            trainer.save_checkpoint(&dir)?;
        }
        if let Some(limit) = trainer.config().save_total_limit {
            let all = checkpoints(&self.dir)?;
            for (_, old) in all.iter().take(all.len().saturating_sub(limit)) {
                std::fs::remove_dir_all(old)
                    .map_err(|e| Error::Checkpoint { path: old.clone(), reason: format!("cannot be removed: {e}") })?;
            }
        }
        Ok(())
    }
}

impl<M: CausalLm> Observer<M> for CheckpointSaver {
    fn on_step(&mut self, trainer: &DpoTrainer<M>, _: &StepRecord) -> Result<Flow> {
        if trainer.is_due(trainer.config().save_strategy, trainer.config().save_steps) {
            self.save(trainer)?;
        }
        Ok(Flow::Continue)
    }

    fn on_end(&mut self, trainer: &DpoTrainer<M>) -> Result<()> {
        // A stopped run must be resumable whatever the strategy; a finished one leaves its final model.
        if trainer.step() < trainer.total_steps() { self.save(trainer) } else { Ok(()) }
    }
}
