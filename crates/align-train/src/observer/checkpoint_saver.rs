use super::Observer;
use crate::checkpoint_names::{checkpoint_dir, is_checkpoint_name};
use crate::load_weights::load_weights;
use crate::objective::Objective;
use crate::run_checkpoints::{checkpoints, is_unchanged};
use crate::training_checkpoint::verify_checkpoint;
use crate::{Error, Flow, Result, StepRecord, Trainer, legacy_run};
use align_base::files::Ownership;
use align_models::TrainableModel;
use std::path::{Path, PathBuf};

/// Writes `checkpoint-STEP` folders into a run folder, as `save_strategy` says and when a run is stopped.
///
/// If there are more than `save_total_limit` checkpoints, removes the oldest, but never the newest nor the best. With
/// `load_best_model_at_end`, loads the weights of the best checkpoint into the policy at the end of the run.
#[derive(Debug)]
pub struct CheckpointSaver {
    dir: PathBuf,
    best_step: Option<u64>,
}

impl CheckpointSaver {
    /// A saver that writes into `dir`.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), best_step: None }
    }

    /// The step of the checkpoint that `load_best_model_at_end` has loaded into the policy at the end of the run.
    #[must_use]
    pub fn best_step(&self) -> Option<u64> {
        self.best_step
    }

    fn save<O: Objective>(&self, trainer: &Trainer<O>) -> Result<()> {
        let step = trainer.step();
        let dir = checkpoint_dir(&self.dir, step);
        if dir.symlink_metadata().is_err() {
            trainer.save_checkpoint_with(&dir, |written| {
                self.update_ownership(&dir, |owner, name| owner.own(name, written))
            })?;
        } else if !is_unchanged(&self.dir, step)? {
            return Err(Error::Checkpoint { path: dir, reason: FOREIGN_CHECKPOINT.into() });
        }
        self.prune(trainer)
    }

    fn prune<O: Objective>(&self, trainer: &Trainer<O>) -> Result<()> {
        let Some(limit) = trainer.training().save_total_limit else { return Ok(()) };
        let mut all = checkpoints(&self.dir)?;
        let newest = all.last().map(|(step, _)| *step);
        let best = best(trainer, &all);
        let mut changed = Vec::new();
        for (step, path) in &all {
            if !is_unchanged(&self.dir, *step)? {
                tracing::warn!(checkpoint = %path.display(), "is not removed: it was changed after the run wrote it");
                changed.push(*step);
            }
        }
        all.retain(|(step, _)| !changed.contains(step));
        let removable = all.iter().filter(|(step, _)| Some(*step) != newest && Some(*step) != best);
        for (_, old) in removable.take(all.len().saturating_sub(limit)) {
            align_base::files::remove_folder(old)
                .map_err(|e| Error::Checkpoint { path: old.clone(), reason: format!("cannot be removed: {e}") })?;
            self.update_ownership(old, Ownership::disown)?;
        }
        Ok(())
    }

    /// Updates the record of the files that the run has written.
    fn update_ownership(
        &self,
        checkpoint: &Path,
        change: impl FnOnce(&Ownership, &str) -> std::io::Result<()>,
    ) -> Result<()> {
        let name = checkpoint.file_name().unwrap_or_default().to_string_lossy();
        change(&Ownership::of(&self.dir), &name)
            .map_err(|e| Error::Checkpoint { path: checkpoint.to_owned(), reason: e.to_string() })
    }

    /// Loads the weights of the best checkpoint into the policy.
    fn load_best<O: Objective>(&mut self, trainer: &Trainer<O>) -> Result<()> {
        let Some(step) = best(trainer, &checkpoints(&self.dir)?) else {
            tracing::warn!("load_best_model_at_end: no checkpoint was evaluated, keeping the weights of the last step");
            return Ok(());
        };
        let dir = checkpoint_dir(&self.dir, step);
        verify_checkpoint(&dir)?;
        let weights = trainer.policy().open_saved(&dir)?;
        load_weights(trainer.policy().parameters(), &weights, &dir)?;
        self.best_step = Some(step);
        Ok(())
    }
}

const FOREIGN_CHECKPOINT: &str =
    "exists but was not written by this run, so the checkpoint of this step cannot be written: move it away";

/// The step of the best evaluated checkpoint, if the options compare checkpoints.
fn best<O: Objective>(trainer: &Trainer<O>, all: &[(u64, PathBuf)]) -> Option<u64> {
    let metric = trainer.training().best_metric()?;
    let is_saved = |step: u64| all.iter().any(|(saved, _)| *saved == step);
    let best = metric.best(trainer.evaluations().iter().filter(|evaluation| is_saved(evaluation.step)));
    best.map(|evaluation| evaluation.step)
}

impl<O: Objective> Observer<O> for CheckpointSaver {
    /// Rejects folders with the names of checkpoints that the run did not write. Of a resumed run, removes those beyond `save_total_limit`.
    fn on_start(&mut self, trainer: &Trainer<O>) -> Result<Flow> {
        let fail = |e: std::io::Error| Error::Output { path: self.dir.clone(), reason: e.to_string() };
        if !self.dir.exists() {
            return Ok(Flow::Continue);
        }
        let owner = Ownership::of(&self.dir);
        if !owner.has_record().map_err(fail)? {
            owner.begin(&legacy_run::checkpoints(&self.dir)?).map_err(fail)?;
        }
        let own = checkpoints(&self.dir)?;
        for entry in std::fs::read_dir(&self.dir).map_err(fail)? {
            let path = entry.map_err(fail)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if is_checkpoint_name(&name) && !own.iter().any(|(_, known)| *known == path) {
                return Err(Error::Checkpoint { path, reason: FOREIGN_CHECKPOINT.into() });
            }
        }
        if trainer.step() > 0 {
            // A process that was killed may have written the newest one and not removed the oldest.
            self.prune(trainer)?;
        }
        Ok(Flow::Continue)
    }

    fn on_step(&mut self, trainer: &Trainer<O>, _: &StepRecord) -> Result<Flow> {
        if trainer.checkpoint_is_due() {
            let dir = checkpoint_dir(&self.dir, trainer.step());
            if dir.symlink_metadata().is_ok() && !is_unchanged(&self.dir, trainer.step())? {
                // The next checkpoint may succeed, so the run continues.
                tracing::warn!(checkpoint = %dir.display(), "{FOREIGN_CHECKPOINT}");
                return Ok(Flow::Continue);
            }
            self.save(trainer)?;
        }
        Ok(Flow::Continue)
    }

    fn on_failure(&mut self, trainer: &Trainer<O>) -> Result<()> {
        self.save(trainer)
    }

    fn on_end(&mut self, trainer: &Trainer<O>) -> Result<()> {
        match (trainer.is_finished(), trainer.training().load_best_model_at_end) {
            // A stopped run must be resumable, whatever save_strategy is.
            (false, _) => self.save(trainer),
            (true, true) => self.load_best(trainer),
            (true, false) => Ok(()),
        }
    }
}
