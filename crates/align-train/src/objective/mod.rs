//! Training objectives: they compute the loss of a batch of rows and its gradient for a [`Trainer`](crate::Trainer).

mod batch;
mod classification;
mod cpo;
mod dpo;
mod gather;
mod group_policy;
mod hidden_distance;
mod kto;
mod logps_cache;
mod micro_batches;
mod pair_micro_batch;
mod pair_number_tensors;
mod precompute;
mod preference_checks;
mod prefix_tree;
mod reference;
mod reference_logps_file;
mod reward;
mod row;
mod row_statistics;
mod sequence_counts;
mod sequence_tokens;
mod sft;
mod shared_prefixes;
mod token_cross_entropy;
mod token_logps;

pub use batch::{Batch, BatchOutput};
pub use classification::Classification;
pub use cpo::Cpo;
pub use dpo::Dpo;
pub use group_policy::{GroupPolicy, GroupPolicyRow, Grpo, Rloo, completion_logps_at_temperature};
pub use kto::Kto;
pub use reward::Reward;
pub use row::Row;
pub use sequence_tokens::SequenceTokens;
pub use sft::Sft;
pub use token_logps::TokenLogps;

use crate::{Error, Method, Metrics, PrefixSharing, Result, TrainingConfig, TrainingTask};
use align_data::streaming::RowStatistics;
use align_distributed::ProcessGroup;
use align_models::{ModelIdentity, TrainableModel};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;

/// The dataset split that a batch comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// Training rows.
    Train,
    /// Held-out rows.
    Eval,
}

impl Split {
    /// The name in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Train => "training",
            Self::Eval => "evaluation",
        }
    }
}

/// A training objective: a policy, a reference model if it needs one, and a loss on rows of one type.
///
/// A [`Trainer`](crate::Trainer) owns the rows and the optimiser and decides which rows form a batch. An objective owns the models
/// and computes the loss of a batch.
pub trait Objective {
    /// The model that is trained.
    type Model: TrainableModel;
    /// One row of data.
    type Row: Row;
    /// The options of the run.
    type Config: RunConfig;

    /// The options of the run.
    fn config(&self) -> &Self::Config;

    /// The model that is trained.
    fn policy(&self) -> &Self::Model;

    /// Mutable access to the model that is trained. The trainer uses it to switch dropout on and off.
    fn policy_mut(&mut self) -> &mut Self::Model;

    /// Returns the trained model.
    fn into_policy(self) -> Self::Model;

    /// Checks the rows of a split. Called once per split, before any of its batches, in all processes of `group`.
    ///
    /// # Errors
    /// Rows that the models cannot process.
    fn prepare(&mut self, split: Split, rows: &[Self::Row], group: &ProcessGroup) -> Result<()>;

    /// Prepares for training rows that are read when they are needed, in place of [`Objective::prepare`]. Called before any batch, in all
    /// processes of `group`. A batch then has its own rows only.
    ///
    /// # Errors
    /// Rows that the models cannot process, or an objective that needs all rows, which is the default.
    fn prepare_streaming(&mut self, rows: RowStatistics, group: &ProcessGroup) -> Result<()> {
        let _ = (rows, group);
        Err(not_streamed())
    }

    /// Computes the loss of this process's rows of a batch. With a `gradient_scale`, adds their part of the gradient of `gradient_scale`
    /// times the loss of the batch to the gradients of the policy's weights: the sum over all processes is the gradient of the batch. For a
    /// loss that is a mean over rows, this is the gradient of the mean over this process's rows times [`Batch::fraction`]. Without a
    /// `gradient_scale`, computes no gradient.
    ///
    /// # Errors
    /// Errors of the models or the loss.
    fn compute_loss(&mut self, batch: &Batch<'_, Self::Row>, gradient_scale: Option<f64>) -> Result<BatchOutput>;

    /// [`Objective::compute_loss`] if there is something to do: this process has rows of the batch, or others need values of it.
    ///
    /// # Errors
    /// Those of [`Objective::compute_loss`].
    fn compute_shared_loss(
        &mut self,
        batch: &Batch<'_, Self::Row>,
        gradient_scale: Option<f64>,
    ) -> Result<BatchOutput> {
        match batch.indices.is_empty() && !self.exchanges_values() {
            true => Ok(BatchOutput::default()),
            false => self.compute_loss(batch, gradient_scale),
        }
    }

    /// Whether [`Objective::compute_loss`] exchanges values with the other processes of the batch's group. It is then also called if this
    /// process has no rows of the batch.
    fn exchanges_values(&self) -> bool {
        false
    }

    /// The weight of a batch, with the rows of all processes, in the mean loss of an optimiser step that accumulates several batches. All
    /// batches have the same weight by default.
    fn batch_weight(&self, batch: &Batch<'_, Self::Row>) -> f64 {
        let _ = batch;
        1.0
    }

    /// Whether the mean loss over a dataset depends on the batch size, because the loss of a row depends on the other rows of its
    /// batch. Such an objective is evaluated with the batch size of training, `per_device_train_batch_size`.
    fn mean_depends_on_batch_size(&self) -> bool {
        false
    }

    /// Replaces the metrics of a batch that are computed from its other metrics. Called with the metrics of all processes.
    fn finish_batch(&self, metrics: &mut Metrics) {
        let _ = metrics;
    }

    /// Adds metrics that are computed from the mean loss and the other metrics of a whole evaluation, such as the perplexity.
    fn finish_evaluation(&self, loss: f64, metrics: &mut Metrics) {
        let _ = (loss, metrics);
    }

    /// Computes a penalty on the weights and adds its gradient. Called once per optimiser step, after all batches.
    ///
    /// # Errors
    /// LibTorch errors only.
    fn penalise_weights(&mut self) -> Result<Option<f64>> {
        Ok(None)
    }

    /// Called after optimiser step number `step`, counted from 1.
    ///
    /// # Errors
    /// LibTorch errors only.
    fn after_step(&mut self, step: u64) -> Result<()> {
        let _ = step;
        Ok(())
    }

    /// The identity of the initial reference model, if there is one. A resumed run must have the same.
    fn reference_identity(&self) -> Option<&ModelIdentity> {
        None
    }

    /// The objective's state for checkpoints, as JSON.
    ///
    /// # Errors
    /// A state that cannot be written as JSON.
    fn state(&self) -> Result<serde_json::Value> {
        Ok(serde_json::Value::Null)
    }

    /// Restores the state that [`Objective::state`] returned.
    ///
    /// # Errors
    /// A state that cannot be read.
    fn load_state(&mut self, state: &serde_json::Value) -> Result<()> {
        let _ = state;
        Ok(())
    }

    /// Writes tensors that change during a run, other than the policy's weights, into a checkpoint folder.
    ///
    /// # Errors
    /// A folder that cannot be written.
    fn save_tensors(&self, dir: &Path) -> Result<()> {
        let _ = dir;
        Ok(())
    }

    /// Restores the tensors that [`Objective::save_tensors`] wrote.
    ///
    /// # Errors
    /// Files that are damaged or belong to another run.
    fn load_tensors(&mut self, dir: &Path) -> Result<()> {
        let _ = dir;
        Ok(())
    }
}

/// The error of an objective that needs all rows at once.
pub(crate) fn not_streamed() -> Error {
    let reason = "is not supported for this kind of training: leave it out, so that the rows are held in memory";
    Error::Config { option: "streaming", reason: reason.to_owned() }
}

/// The options of a run: those of its objective and the common training options.
pub trait RunConfig: std::fmt::Debug + Clone + Serialize + DeserializeOwned {
    /// The options common to all objectives.
    fn training(&self) -> &TrainingConfig;

    /// The options common to all objectives, which a run completes.
    fn training_mut(&mut self) -> &mut TrainingConfig;

    /// Maximum tokens in one forward pass of the policy, including padding. Larger batches are split into micro-batches; `None` means
    /// that a batch is never split.
    fn micro_batch_tokens(&self) -> Option<usize> {
        None
    }

    /// Whether the common prefix of a row's sequences is computed once.
    fn prefix_sharing(&self) -> PrefixSharing {
        PrefixSharing::Off
    }

    /// Checks the range of every option and its combination with the others.
    ///
    /// # Errors
    /// Names the first option that is out of range, contradicts another option or would be ignored.
    fn validate(&self) -> Result<()>;

    /// Checks that no option needs all training rows at once, for rows that are streamed.
    ///
    /// # Errors
    /// Names the first option that does.
    fn check_streaming(&self) -> Result<()> {
        self.training().check_streaming()
    }

    /// The options without work that would be done before the first step, such as a pass of the reference model over all rows. For
    /// estimates of a run's time.
    #[must_use]
    fn without_precomputation(self) -> Self {
        self
    }

    /// The names of the metrics that evaluations log besides the loss; [`Metrics`] explains them. `None` if they are not known in
    /// advance. Any other `metric_for_best_model` is rejected.
    fn evaluation_metrics(&self) -> Option<Vec<&'static str>> {
        None
    }

    /// The tag of the training method on the hub, such as `dpo`.
    fn tag(&self) -> &'static str;

    /// The methods that the options select, for the model card.
    fn methods(&self) -> Vec<Method>;

    /// The task of the training.
    fn task(&self) -> TrainingTask {
        TrainingTask::PreferenceOptimisation
    }
}
