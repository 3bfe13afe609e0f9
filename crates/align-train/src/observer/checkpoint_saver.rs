use super::{Flow, Observer};
use crate::checkpoint_names::{checkpoint_dir, is_checkpoint};
use crate::objective::Objective;
use crate::run_checkpoints::{checkpoints, is_own};
use crate::training_checkpoint::check_whole;
use crate::weights::load_weights;
use crate::{Error, Result, StepRecord, Trainer, earlier_run};
use align_base::files::Ownership;
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
        let step = trainer.step();
        let dir = checkpoint_dir(&self.dir, step);
        if dir.symlink_metadata().is_err() {
            trainer.save_checkpoint_with(&dir, |scratch| self.noted(&dir, |owner, name| owner.own(name, scratch)))?;
        } else if !is_own(&self.dir, step)? {
            return Err(Error::Checkpoint { path: dir, reason: NOT_OURS.into() });
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
            if !is_own(&self.dir, *step)? {
                tracing::warn!(checkpoint = %path.display(), "stays: it was changed since the run wrote it");
                changed.push(*step);
            }
        }
        all.retain(|(step, _)| !changed.contains(step));
        let free = all.iter().filter(|(step, _)| Some(*step) != newest && Some(*step) != best);
        for (_, old) in free.take(all.len().saturating_sub(limit)) {
            align_base::files::remove_folder(old)
                .map_err(|e| Error::Checkpoint { path: old.clone(), reason: format!("cannot be removed: {e}") })?;
            self.noted(old, Ownership::disown)?;
        }
        Ok(())
    }

    /// Changes the record of what the run wrote.
    fn noted(&self, checkpoint: &Path, change: impl FnOnce(&Ownership, &str) -> std::io::Result<()>) -> Result<()> {
        let name = checkpoint.file_name().unwrap_or_default().to_string_lossy();
        change(&Ownership::of(&self.dir), &name)
            .map_err(|e| Error::Checkpoint { path: checkpoint.to_owned(), reason: e.to_string() })
    }

    /// Gives the policy the best checkpoint's weights.
    fn load_best<O: Objective>(&mut self, trainer: &Trainer<O>) -> Result<()> {
        let Some(step) = best(trainer, &checkpoints(&self.dir)?) else {
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

const NOT_OURS: &str = "stands there and was not written by this run, so that the run's own cannot be: move it away";

/// The step of the best of the evaluated checkpoints, where the options compare them.
fn best<O: Objective>(trainer: &Trainer<O>, all: &[(u64, PathBuf)]) -> Option<u64> {
    let metric = trainer.training().best_metric()?;
    let is_saved = |step: u64| all.iter().any(|(saved, _)| *saved == step);
    let best = metric.best(trainer.evaluations().iter().filter(|evaluation| is_saved(evaluation.step)));
    best.map(|evaluation| evaluation.step)
}

impl<O: Objective> Observer<O> for CheckpointSaver {
    /// Nothing that the run did not write may stand under its checkpoints' names.
    fn on_start(&mut self, _: &Trainer<O>) -> Result<Flow> {
        let fail = |e: std::io::Error| Error::Output { path: self.dir.clone(), reason: e.to_string() };
        if !self.dir.exists() {
            return Ok(Flow::Continue);
        }
        let owner = Ownership::of(&self.dir);
        if !owner.has_record().map_err(fail)? {
            owner.begin(&earlier_run::checkpoints(&self.dir)?).map_err(fail)?;
        }
        let own = checkpoints(&self.dir)?;
        for entry in std::fs::read_dir(&self.dir).map_err(fail)? {
            let path = entry.map_err(fail)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if is_checkpoint(&name) && !own.iter().any(|(_, known)| *known == path) {
                return Err(Error::Checkpoint { path, reason: NOT_OURS.into() });
            }
        }
        Ok(Flow::Continue)
    }

    fn on_step(&mut self, trainer: &Trainer<O>, _: &StepRecord) -> Result<Flow> {
        if trainer.saves_now() {
            let dir = checkpoint_dir(&self.dir, trainer.step());
            if dir.symlink_metadata().is_ok() && !is_own(&self.dir, trainer.step())? {
                // The next one may have its place, and the run is not to end for this.
                tracing::warn!(checkpoint = %dir.display(), "is not written: {NOT_OURS}");
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
        match (trainer.is_done(), trainer.training().load_best_model_at_end) {
            // A stopped run must be resumable whatever the strategy.
            (false, _) => self.save(trainer),
            (true, true) => self.load_best(trainer),
            (true, false) => Ok(()),
        }
    }
}
