use super::{Flow, Observer};
use crate::checkpoint::{check_whole, checkpoint_dir, checkpoints};
use crate::objective::Objective;
use crate::weights::load_weights;
use crate::{Error, Result, StepRecord, Trainer};
use align_models::TrainableModel;
use std::path::{Path, PathBuf};

/// Writes `checkpoint-STEP` folders into a run folder as the options say, and one at the end of a run that was stopped.
///
/// Of more than `save_total_limit` the oldest go, but never the newest nor the best. With `load_best_model_at_end` the policy has
/// the weights of the best checkpoint when the run is done.
#[derive(Debug)]
pub struct CheckpointSaver {
    dir: PathBuf,
    loaded: Option<u64>,
}

impl CheckpointSaver {
    /// Writes into `dir`.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), loaded: None }
    }

    /// The step of the checkpoint whose weights the policy got at the end of the run, if `load_best_model_at_end` found one.
    #[must_use]
    pub fn loaded(&self) -> Option<u64> {
        self.loaded
    }

    fn save<O: Objective>(&self, trainer: &Trainer<O>) -> Result<()> {
        let dir = checkpoint_dir(&self.dir, trainer.step());
        if !dir.exists() {
            trainer.save_checkpoint(&dir)?;
        }
        self.prune(trainer)
    }

    fn prune<O: Objective>(&self, trainer: &Trainer<O>) -> Result<()> {
        let Some(limit) = trainer.training().save_total_limit else { return Ok(()) };
        let all = checkpoints(&self.dir)?;
        let newest = all.last().map(|(step, _)| *step);
        let best = best(trainer, &all)?;
        let free = all.iter().filter(|(step, _)| Some(*step) != newest && Some(*step) != best);
        for (_, old) in free.take(all.len().saturating_sub(limit)) {
            align_files::remove_folder(old)
                .map_err(|e| Error::Checkpoint { path: old.clone(), reason: format!("cannot be removed: {e}") })?;
        }
        Ok(())
    }

    /// Gives the policy the best checkpoint's weights.
    fn load_best<O: Objective>(&mut self, trainer: &Trainer<O>) -> Result<()> {
        let Some(step) = best(trainer, &checkpoints(&self.dir)?)? else {
            tracing::warn!("load_best_model_at_end: no checkpoint was evaluated, the last step's weights stay");
            return Ok(());
        };
        let dir = checkpoint_dir(&self.dir, step);
        check_whole(&dir)?;
        let weights = trainer.policy().open_saved(&dir)?;
        load_weights(trainer.policy().parameters(), &weights, &dir)?;
        self.loaded = Some(step);
        Ok(())
    }
}

/// The step of the best of the evaluated checkpoints, where the options compare them.
fn best<O: Objective>(trainer: &Trainer<O>, all: &[(u64, PathBuf)]) -> Result<Option<u64>> {
    let Some(metric) = trainer.training().best_metric() else { return Ok(None) };
    let is_saved = |step: u64| all.iter().any(|(saved, _)| *saved == step);
    let best = metric.best(trainer.evaluations().iter().filter(|evaluation| is_saved(evaluation.step)))?;
    Ok(best.map(|evaluation| evaluation.step))
}

impl<O: Objective> Observer<O> for CheckpointSaver {
    fn on_step(&mut self, trainer: &Trainer<O>, _: &StepRecord) -> Result<Flow> {
        if trainer.saves_now() {
            self.save(trainer)?;
        }
        Ok(Flow::Continue)
    }

    fn on_end(&mut self, trainer: &Trainer<O>) -> Result<()> {
        match (trainer.is_done(), trainer.training().load_best_model_at_end) {
            // A stopped run must be resumable whatever the strategy.
            (false, _) => self.save(trainer),
            (true, true) => self.load_best(trainer),
            (true, false) => Ok(()),
        }
    }
}
