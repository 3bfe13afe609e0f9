//! The inputs of a run other than its options. A resumed run must have the same.

use crate::model_info::device;
use crate::objective::Objective;
use crate::rows_digest::rows_digest;
use crate::{Result, ResumeMode, Rows, RunConfig};
use align_base::option_differences;
use align_models::{ModelIdentity, TrainableModel, dtype};
use align_torch::Environment;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The identity of a run's models and rows, and the environment that it runs in.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RunIdentity {
    environment: Environment,
    /// The policy's hyper-parameters.
    policy: Value,
    /// The policy's dtype.
    dtype: String,
    /// Digest of the frozen base weights, if the policy has an adapter.
    frozen: Option<String>,
    /// The initial reference model, if there is one.
    reference: Option<ModelIdentity>,
    /// Digest of the training rows.
    train: String,
    /// Digest of the held-out rows, if evaluations affect the run.
    eval: Option<String>,
}

impl RunIdentity {
    /// The identity of a run. `frozen_digest` is that of the frozen base weights, if the policy has an adapter.
    pub fn of<O: Objective>(
        objective: &O,
        frozen_digest: Option<&String>,
        train: &Rows<O::Row>,
        eval: &[O::Row],
    ) -> Result<Self> {
        let policy = objective.policy();
        Ok(Self {
            environment: Environment::current(device(policy)),
            policy: policy.hyper_parameters()?,
            dtype: dtype(policy),
            frozen: frozen_digest.cloned(),
            reference: objective.reference_identity().cloned(),
            train: train.digest(),
            eval: objective.config().training().best_metric().map(|_| rows_digest(eval)),
        })
    }

    /// Why this run cannot resume a checkpoint of the run `saved`, or `None` if it can.
    pub fn mismatch(&self, saved: &Self, mode: ResumeMode) -> Option<String> {
        let join = |differences: Vec<String>| (!differences.is_empty()).then(|| differences.join("; "));
        if self.frozen.is_some() != saved.frozen.is_some() {
            let [before, now] =
                if saved.frozen.is_some() { ["an adapter", "all weights"] } else { ["all weights", "an adapter"] };
            return Some(format!("was written by a run that trains {before}, but this run trains {now}"));
        }
        let mut policy = option_differences(&saved.policy, &self.policy);
        if self.dtype != saved.dtype {
            policy.push(format!("dtype was {}, is now {}", saved.dtype, self.dtype));
        }
        if let Some(differences) = join(policy) {
            return Some(format!(
                "was written by a run of another model: {differences}. Use the model that the run started with"
            ));
        }
        if self.frozen != saved.frozen {
            return Some("was written by a run on another base model: its weights differ. Use the same one".to_owned());
        }
        if self.train != saved.train {
            let rows = "was written by a run on other training rows (or with another tokenisation; in rounds: with other prompts, \
                        judges or options of the rounds)";
            return Some(rows.to_owned());
        }
        if saved.eval.as_ref().zip(self.eval.as_ref()).is_some_and(|(theirs, ours)| theirs != ours) {
            let rows = "was written by a run on other evaluation rows, which decide about its best weights";
            return Some(rows.to_owned());
        }
        match (&self.reference, &saved.reference) {
            (Some(ours), Some(theirs)) => {
                if let Some(differences) = join(ours.differences(theirs)) {
                    return Some(format!(
                        "was written by a run with another reference model: {differences}. Use the same one"
                    ));
                }
            }
            (None, None) => {}
            _ => return Some("was written by a run with another reference model: use the same one".to_owned()),
        }
        self.environment_mismatch(saved, mode)
    }

    /// Why the environments do not match. Only a warning if `mode` is inexact.
    fn environment_mismatch(&self, saved: &Self, mode: ResumeMode) -> Option<String> {
        let json = |environment: &Environment| serde_json::to_value(environment).unwrap_or_default();
        let differences = option_differences(&json(&saved.environment), &json(&self.environment));
        if differences.is_empty() {
            return None;
        }
        let differences = differences.join("; ");
        if mode == ResumeMode::Inexact {
            tracing::warn!(
                "the checkpoint was computed in another environment ({differences}): the results will differ in rounding from those of an \
                 uninterrupted run"
            );
            return None;
        }
        let threads = match self.environment.threads == saved.environment.threads {
            true => String::new(),
            false => format!(" (set the threads with OMP_NUM_THREADS={})", saved.environment.threads),
        };
        Some(format!(
            "was computed in another environment: {differences}. The results would differ in rounding from those of an uninterrupted run: \
             use the same environment{threads}, or set --allow-inexact-resume"
        ))
    }
}
