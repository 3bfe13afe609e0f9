use crate::config::BOOKKEEPING;
use crate::history::History;
use crate::objective::Objective;
use crate::weights::load_weights;
use crate::{Error, Result, Trainer, fingerprint};
use align_models::TrainableModel;
use align_models::checkpoint::{Checkpoint, save_safetensors};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs::{self, File};
use std::path::Path;
use tch::Tensor;

const OPTIMIZER: &str = "optimizer.safetensors";
const STATE: &str = "trainer_state.json";

/// Everything of a run that is not a tensor.
#[derive(Debug, Serialize, Deserialize)]
struct TrainerState<C> {
    step: u64,
    num_tokens: u64,
    /// Digest of the training rows.
    train: String,
    /// Digest of the held-out rows, where their evaluations decide about the run.
    eval: Option<String>,
    history: History,
    /// Sum of the norms of the reference that the run began with, if it has one.
    reference: Option<f64>,
    /// The same of the weights that stand still under the policy's adapter, if it has one.
    frozen: Option<f64>,
    /// What else moves with the objective.
    objective: Value,
    config: C,
}

fn fail(path: &Path, reason: impl Into<String>) -> Error {
    Error::Checkpoint { path: path.to_owned(), reason: reason.into() }
}

impl<O: Objective> Trainer<O> {
    /// Writes all that a resumed run needs into the new folder `dir`: the policy in transformers' layout, the optimiser's
    /// moments, what the objective keeps (the reference's log-probabilities so far, or its weights where it moves), and the
    /// counters. The folder appears whole or not at all.
    ///
    /// # Errors
    /// A folder that exists already or cannot be written.
    pub fn save_checkpoint(&self, dir: &Path) -> Result<()> {
        self.save_checkpoint_with(dir, |_| Ok(()))
    }

    /// The same; `take_note` is given the written folder before it gets its name.
    pub(crate) fn save_checkpoint_with(&self, dir: &Path, take_note: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        if dir.exists() {
            return Err(fail(dir, "exists already: it is not overwritten"));
        }
        let cannot = |e: std::io::Error| fail(dir, format!("cannot be written: {e}"));
        align_files::write_folder(dir, cannot, |scratch| {
            self.write_checkpoint(scratch)?;
            take_note(scratch)
        })
    }

    fn write_checkpoint(&self, dir: &Path) -> Result<()> {
        self.policy().save_pretrained(dir, false)?;
        let state: Vec<(String, &Tensor)> = self.optimizer.state().collect();
        save_safetensors(&dir.join(OPTIMIZER), state.iter().map(|(name, tensor)| (name.as_str(), *tensor)), false)
            .map_err(align_models::Error::from)?;
        self.objective.save_tensors(dir)?;
        let state = TrainerState {
            step: self.step,
            num_tokens: self.num_tokens,
            train: fingerprint::of_rows(&self.train),
            eval: self.deciding_rows(),
            history: self.history.clone(),
            reference: self.objective.reference_fingerprint(),
            frozen: self.frozen_fingerprint()?,
            objective: self.objective.state()?,
            config: self.config().clone(),
        };
        let path = dir.join(STATE);
        let write = || {
            let file = File::create_new(&path)?;
            serde_json::to_writer_pretty(&file, &state)?;
            file.sync_all()
        };
        write().map_err(|e| fail(&path, format!("cannot be written: {e}")))
    }

    /// Goes back to where [`Trainer::save_checkpoint`] was called: the run that follows is the uninterrupted one, byte
    /// for byte. The trainer must have been built with the same options, rows and reference.
    ///
    /// # Errors
    /// A folder that is not a whole checkpoint, or one of another run; the error says what differs.
    pub fn resume(&mut self, dir: &Path) -> Result<()> {
        let path = dir.join(STATE);
        let text = fs::read_to_string(&path).map_err(|e| fail(&path, format!("cannot be read: {e}")))?;
        let state: TrainerState<O::Config> = serde_json::from_str(&text).map_err(|e| fail(&path, e.to_string()))?;
        self.check_same_run(dir, &state)?;
        let policy = self.policy().open_saved(dir)?;
        load_weights(self.policy().parameters(), &policy, dir)?;
        let path = dir.join(OPTIMIZER);
        let moments = Checkpoint::open_safetensors(&path).map_err(align_models::Error::from)?;
        self.optimizer.load_state(state.step, |name| Ok(moments.read(name).map_err(align_models::Error::from)?))?;
        self.objective.load_tensors(dir)?;
        self.objective.restore(&state.objective)?;
        (self.step, self.num_tokens, self.history) = (state.step, state.num_tokens, state.history);
        Ok(())
    }

    /// Digest of the held-out rows, if what they say of the policy decides about the run.
    fn deciding_rows(&self) -> Option<String> {
        self.training().best_metric().map(|_| fingerprint::of_rows(&self.eval))
    }

    fn frozen_fingerprint(&self) -> Result<Option<f64>> {
        self.policy().frozen_parameters().map(fingerprint::of_weights).transpose()
    }

    fn check_same_run(&self, dir: &Path, state: &TrainerState<O::Config>) -> Result<()> {
        let ours = serde_json::to_value(self.config()).map_err(|e| fail(dir, e.to_string()))?;
        let theirs = serde_json::to_value(&state.config).map_err(|e| fail(dir, e.to_string()))?;
        if let Some((option, before, now)) = difference(&ours, &theirs) {
            return Err(fail(dir, format!("was written with {option} = {before}, this run has {now}")));
        }
        if state.train != fingerprint::of_rows(&self.train) {
            return Err(fail(dir, "was written by a run on other training rows (or tokenised in another way)"));
        }
        if state.eval.as_ref().zip(self.deciding_rows()).is_some_and(|(theirs, ours)| *theirs != ours) {
            return Err(fail(dir, "was written by a run on other evaluation rows, by which its weights are compared"));
        }
        if !same(state.reference, self.objective.reference_fingerprint()) {
            return Err(fail(dir, "was written by a run with another reference model: give the same one"));
        }
        if !same(state.frozen, self.frozen_fingerprint()?) {
            return Err(fail(
                dir,
                "was written by a run on another base model, or with all weights trained in one of the two",
            ));
        }
        Ok(())
    }
}

/// Whether two fingerprints are of the same weights, or of none.
fn same(theirs: Option<f64>, ours: Option<f64>) -> bool {
    match (theirs, ours) {
        (Some(theirs), Some(ours)) => (theirs - ours).abs() <= 1e-9 * ours.abs(),
        (theirs, ours) => theirs.is_none() && ours.is_none(),
    }
}

/// The first option in which two configurations differ, with its values then and now; [`BOOKKEEPING`] is free.
fn difference(ours: &Value, theirs: &Value) -> Option<(String, Value, Value)> {
    ours.as_object()?.iter().find_map(|(option, now)| {
        let before = theirs.get(option).unwrap_or(&Value::Null);
        match now {
            _ if now == before || BOOKKEEPING.contains(&option.as_str()) => None,
            Value::Object(_) if before.is_object() => difference(now, before),
            _ => Some((option.clone(), before.clone(), now.clone())),
        }
    })
}
