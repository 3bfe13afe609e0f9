//! What a [`Trainer`](crate::Trainer) optimises: from rows of data to a loss and its gradient.

mod classification;
mod cpo;
mod dpo;
mod equal_sides;
mod kto;
mod micro_batches;
mod pair_length;
mod pair_micro_batch;
mod precompute;
mod reference;
mod reference_cache;
mod remembered_logps;
mod row;
mod row_statistics;
mod sequence_tokens;
mod sft;
mod shared_prefixes;
mod token_cross_entropy;
mod token_logps;

pub use classification::Classification;
pub use cpo::Cpo;
pub use dpo::Dpo;
pub use kto::Kto;
pub use row::Row;
pub use sequence_tokens::SequenceTokens;
pub use sft::Sft;
pub use token_logps::TokenLogps;

use crate::{BatchMetrics, Method, Metrics, PrefixSharing, Purpose, Result, TrainingConfig};
use align_losses::Mean;
use align_models::{ModelIdentity, TrainableModel};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;

/// Which rows a batch is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// Those that are trained on.
    Train,
    /// Those that are held out.
    Eval,
}

impl Split {
    /// What messages call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Train => "training",
            Self::Eval => "evaluation",
        }
    }
}

/// Some rows of a split.
#[derive(Debug)]
pub struct Batch<'a, R> {
    /// The split.
    pub split: Split,
    /// All its rows.
    pub all: &'a [R],
    /// Which of them the batch has.
    pub indices: &'a [usize],
}

impl<'a, R> Batch<'a, R> {
    /// The batch's rows.
    #[must_use]
    pub fn rows(&self) -> Vec<&'a R> {
        self.indices.iter().filter_map(|index| self.all.get(*index)).collect()
    }
}

/// What a batch gave.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchOutcome {
    /// The means that add up to its loss: the same ones, in the same order, for every batch.
    pub losses: Vec<Mean>,
    /// What the rows look like to the policy.
    pub metrics: BatchMetrics,
    /// Its tokens, prompts included, padding not.
    pub tokens: u64,
}

impl BatchOutcome {
    /// The batch's loss.
    #[must_use]
    pub fn loss(&self) -> f64 {
        self.losses.iter().map(|mean| mean.value).sum()
    }
}

/// A training objective: a policy, what it is compared with, and a loss on rows of one kind.
///
/// The trainer owns the rows, the optimiser and the order of things; an objective owns the models and knows how rows become
/// a loss.
pub trait Objective {
    /// The model that is trained.
    type Model: TrainableModel;
    /// One row of data.
    type Row: Row;
    /// All options of the run.
    type Config: RunConfig;

    /// The options.
    fn config(&self) -> &Self::Config;

    /// The model that is trained.
    fn policy(&self) -> &Self::Model;

    /// The same, for the trainer to switch dropout.
    fn policy_mut(&mut self) -> &mut Self::Model;

    /// The trained model.
    fn into_policy(self) -> Self::Model;

    /// Takes note of a split's rows before any batch of them.
    ///
    /// # Errors
    /// Rows that a model cannot take.
    fn prepare(&mut self, split: Split, rows: &[Self::Row]) -> Result<()>;

    /// The loss of a batch. With a `share`, the gradient of `share` times the loss is added to that of every weight of the
    /// policy; without, no gradient is computed.
    ///
    /// # Errors
    /// What a model or the loss refuses.
    fn batch(&mut self, batch: &Batch<'_, Self::Row>, share: Option<f64>) -> Result<BatchOutcome>;

    /// What a batch counts for among the micro-batches of its optimiser step, whose losses are averaged by it: all alike unless
    /// this says otherwise.
    fn weight(&self, batch: &Batch<'_, Self::Row>) -> f64 {
        let _ = batch;
        1.0
    }

    /// Whether the loss of a row depends on the other rows of its batch, so that a mean over several batches is another number than
    /// that of one. Such a loss is evaluated as it is trained, in batches of `per_device_train_batch_size` rows.
    fn couples_rows(&self) -> bool {
        false
    }

    /// Adds what follows from the held-out rows' mean loss and metrics to these.
    fn finish_evaluation(&self, loss: f64, metrics: &mut Metrics) {
        let _ = (loss, metrics);
    }

    /// A penalty on the weights themselves, once a step after its batches: its value, its gradient added.
    ///
    /// # Errors
    /// Only what LibTorch refuses.
    fn penalise_weights(&mut self) -> Result<Option<f64>> {
        Ok(None)
    }

    /// Called after optimiser step number `step`, counted from one.
    ///
    /// # Errors
    /// Only what LibTorch refuses.
    fn after_step(&mut self, step: u64) -> Result<()> {
        let _ = step;
        Ok(())
    }

    /// What tells the reference that the run began with from another, if there is one.
    fn reference_identity(&self) -> Option<&ModelIdentity> {
        None
    }

    /// Numbers that move during a run, to be kept in checkpoints.
    ///
    /// # Errors
    /// Numbers that JSON cannot hold.
    fn state(&self) -> Result<serde_json::Value> {
        Ok(serde_json::Value::Null)
    }

    /// Takes back what [`Objective::state`] gave.
    ///
    /// # Errors
    /// A state of another form.
    fn restore(&mut self, state: &serde_json::Value) -> Result<()> {
        let _ = state;
        Ok(())
    }

    /// Writes the tensors that move during a run, the policy's apart, into a checkpoint's folder.
    ///
    /// # Errors
    /// A folder that cannot be written.
    fn save_tensors(&self, dir: &Path) -> Result<()> {
        let _ = dir;
        Ok(())
    }

    /// Takes back what [`Objective::save_tensors`] wrote.
    ///
    /// # Errors
    /// Files that are damaged or of another run.
    fn load_tensors(&mut self, dir: &Path) -> Result<()> {
        let _ = dir;
        Ok(())
    }
}

/// All options of a run: those of its objective, and those of any training.
pub trait RunConfig: std::fmt::Debug + Clone + Serialize + DeserializeOwned {
    /// Those of any training.
    fn training(&self) -> &TrainingConfig;

    /// Most tokens, padding included, that go through the policy at once; `None` for a whole micro-batch.
    fn micro_batch_tokens(&self) -> Option<usize> {
        None
    }

    /// Whether what a row's sequences have in common at their beginning goes through the policy once.
    fn prefix_sharing(&self) -> PrefixSharing {
        PrefixSharing::Off
    }

    /// Checks every option by itself and against the others.
    ///
    /// # Errors
    /// The first option that is out of range, contradicts another, or would be ignored.
    fn validate(&self) -> Result<()>;

    /// The names that evaluations log beside the loss, as [`Metrics`] explains them; `None` where they are not known before. A
    /// `metric_for_best_model` that is none of them is refused.
    fn evaluation_metrics(&self) -> Option<Vec<&'static str>> {
        None
    }

    /// What the hub's tags call the kind of training.
    fn tag(&self) -> &'static str;

    /// The methods that the options stand for.
    fn methods(&self) -> Vec<Method>;

    /// What the training is for.
    fn purpose(&self) -> Purpose {
        Purpose::PreferenceOptimisation
    }
}
