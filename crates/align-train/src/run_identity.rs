//! What a run follows from, beside its options: whoever resumes it must have the same.

use crate::model_facts::device;
use crate::objective::Objective;
use crate::rows_digest::rows_digest;
use crate::{Result, Rounding, Trainer};
use align_base::option_differences;
use align_models::{ModelIdentity, TrainableModel, dtype};
use align_torch::Environment;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The identity of a run's models and rows, and by what they are computed with.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RunIdentity {
    environment: Environment,
    /// The policy's hyper-parameters and dtype; its weights move.
    policy: Value,
    dtype: String,
    /// Digest of the weights that stand still under the policy's adapter, if it has one.
    frozen: Option<String>,
    /// The reference that the run began with, if it has one.
    reference: Option<ModelIdentity>,
    /// Digest of the training rows.
    train: String,
    /// Digest of the held-out rows, where their evaluations decide about the run.
    eval: Option<String>,
}

impl RunIdentity {
    /// That of a trainer's run, as it is now.
    pub fn of<O: Objective>(trainer: &Trainer<O>) -> Result<Self> {
        let policy = trainer.policy();
        Ok(Self {
            environment: Environment::current(device(policy)),
            policy: policy.hyper_parameters()?,
            dtype: dtype(policy),
            frozen: trainer.frozen.clone(),
            reference: trainer.objective.reference_identity().cloned(),
            train: rows_digest(&trainer.train),
            eval: trainer.training().best_metric().map(|_| rows_digest(&trainer.eval)),
        })
    }

    /// Why a run of the identity `there` cannot go on as this one, if it cannot.
    pub fn refusal(&self, there: &Self, rounding: Rounding) -> Option<String> {
        let listed = |found: Vec<String>| (!found.is_empty()).then(|| found.join("; "));
        if self.frozen.is_some() != there.frozen.is_some() {
            let [before, now] =
                if there.frozen.is_some() { ["an adapter", "all weights"] } else { ["all weights", "an adapter"] };
            return Some(format!("was written by a run that trains {before}, this one trains {now}"));
        }
        let mut policy = option_differences(&there.policy, &self.policy);
        if self.dtype != there.dtype {
            policy.push(format!("dtype was {}, is now {}", there.dtype, self.dtype));
        }
        if let Some(found) = listed(policy) {
            return Some(format!(
                "was written by a run of another model: {found}. Give the model that the run began with"
            ));
        }
        if self.frozen != there.frozen {
            return Some("was written by a run on another base model: its weights differ".to_owned());
        }
        if self.train != there.train {
            return Some("was written by a run on other training rows (or tokenised in another way)".to_owned());
        }
        if there.eval.as_ref().zip(self.eval.as_ref()).is_some_and(|(theirs, ours)| theirs != ours) {
            let rows = "was written by a run on other evaluation rows, by which its weights are compared";
            return Some(rows.to_owned());
        }
        match (&self.reference, &there.reference) {
            (Some(ours), Some(theirs)) => {
                if let Some(found) = listed(ours.differences(theirs)) {
                    return Some(format!(
                        "was written by a run with another reference model: {found}. Give the same one"
                    ));
                }
            }
            (None, None) => {}
            _ => return Some("was written by a run with another reference model: give the same one".to_owned()),
        }
        self.rounds_otherwise(there, rounding)
    }

    /// The same of where both compute: a warning, where other rounding is allowed.
    fn rounds_otherwise(&self, there: &Self, rounding: Rounding) -> Option<String> {
        let json = |environment: &Environment| serde_json::to_value(environment).unwrap_or_default();
        let found = option_differences(&json(&there.environment), &json(&self.environment));
        if found.is_empty() {
            return None;
        }
        let found = found.join("; ");
        if rounding == Rounding::MayDiffer {
            tracing::warn!(
                "the checkpoint was computed in another environment ({found}): the run ends with other bytes than an undisturbed one"
            );
            return None;
        }
        let threads = match self.environment.threads == there.environment.threads {
            true => String::new(),
            false => format!(" (OMP_NUM_THREADS={} sets the threads)", there.environment.threads),
        };
        Some(format!(
            "was computed in another environment: {found}. The run would end with other bytes than an undisturbed one: take the same \
             again{threads}, or give --allow-other-rounding"
        ))
    }
}
