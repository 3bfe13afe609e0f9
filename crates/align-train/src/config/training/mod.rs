mod validate;

use crate::best_metric::BestMetric;
use crate::{AdamWConfig, LrSchedulerType};
use serde::{Deserialize, Serialize};

/// When to evaluate or to save a checkpoint, like transformers' `IntervalStrategy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum), value(rename_all = "snake_case"))]
#[serde(rename_all = "lowercase")]
pub enum IntervalStrategy {
    /// Never.
    #[default]
    No,
    /// Every given number of optimiser steps.
    Steps,
    /// After each epoch.
    Epoch,
}

/// The order in which an epoch visits the training examples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum), value(rename_all = "snake_case"))]
#[serde(rename_all = "lowercase")]
pub enum SamplingStrategy {
    /// Reshuffled in each epoch.
    #[default]
    Random,
    /// In the order of the dataset.
    Sequential,
    /// Reshuffled in each epoch, in batches of examples of similar length, which reduces padding.
    #[serde(rename = "group_by_length")]
    GroupByLength,
}

/// Epochs of a run that sets neither `num_train_epochs` nor `max_steps`.
const DEFAULT_EPOCHS: f64 = 3.0;

/// Training options common to all objectives, under the names of transformers' `TrainingArguments`. `None` means that the default
/// depends on other options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct TrainingConfig {
    /// Training examples per batch, in each process.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().per_device_train_batch_size))]
    pub per_device_train_batch_size: usize,
    /// Evaluation examples per batch, in each process. Affects speed and memory only, not the results. Losses that depend on the whole batch
    /// (kto, aot, aot_unpaired) ignore it: they are evaluated in batches of `per_device_train_batch_size`.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().per_device_eval_batch_size))]
    pub per_device_eval_batch_size: usize,
    /// Batches whose gradients are accumulated in one optimiser step.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().gradient_accumulation_steps))]
    pub gradient_accumulation_steps: usize,
    /// Passes over the training examples; may be a fraction [default: 3, unless `max_steps` is set]. Conflicts with `max_steps`.
    #[cfg_attr(feature = "clap", arg(long))]
    pub num_train_epochs: Option<f64>,
    /// Total number of optimiser steps. Conflicts with `num_train_epochs`.
    #[cfg_attr(feature = "clap", arg(long))]
    pub max_steps: Option<u64>,
    /// Peak learning rate.
    #[cfg_attr(feature = "clap", arg(long, default_value = "1e-6"))]
    pub learning_rate: f64,
    /// Learning-rate schedule.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value = "linear"))]
    pub lr_scheduler_type: LrSchedulerType,
    /// Steps of linear warm-up from a learning rate of 0. Conflicts with `warmup_ratio`.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().warmup_steps))]
    pub warmup_steps: u64,
    /// Linear warm-up as a fraction of all steps. Conflicts with `warmup_steps`.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().warmup_ratio))]
    pub warmup_ratio: f64,
    /// AdamW weight decay. Applies to matrices only, not to biases and layer norms.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().weight_decay))]
    pub weight_decay: f64,
    /// AdamW beta1: decay rate of the running mean of the gradient.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().adam_beta1))]
    pub adam_beta1: f64,
    /// AdamW beta2: decay rate of the running mean of the squared gradient.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().adam_beta2))]
    pub adam_beta2: f64,
    /// AdamW epsilon, added to the denominator.
    #[cfg_attr(feature = "clap", arg(long, default_value = "1e-8"))]
    pub adam_epsilon: f64,
    /// Maximum gradient norm for clipping; 0 disables clipping.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().max_grad_norm))]
    pub max_grad_norm: f64,
    /// Train the policy without dropout.
    #[cfg_attr(feature = "clap", arg(long, action = clap::ArgAction::Set, default_value_t = Self::default().disable_dropout))]
    pub disable_dropout: bool,
    /// Keep only the input of each layer for the backward pass and recompute the rest. Saves memory, takes up to a third more
    /// time, and gives the same weights.
    #[cfg_attr(feature = "clap", arg(long))]
    pub gradient_checkpointing: bool,
    /// Order of the training examples.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value = "random"))]
    pub train_sampling_strategy: SamplingStrategy,
    /// Random seed for the order of the training examples and for dropout.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().seed))]
    pub seed: u64,
    /// Log the mean loss and metrics every this many optimiser steps: to metrics.jsonl, and to standard error if it is not a terminal.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().logging_steps))]
    pub logging_steps: u64,
    /// When to evaluate on the held-out examples.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value = "no"))]
    pub eval_strategy: IntervalStrategy,
    /// Optimiser steps between evaluations. Requires `eval_strategy` steps.
    #[cfg_attr(feature = "clap", arg(long))]
    pub eval_steps: Option<u64>,
    /// When to write checkpoints.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value = "no"))]
    pub save_strategy: IntervalStrategy,
    /// Optimiser steps between checkpoints. Requires `save_strategy` steps.
    #[cfg_attr(feature = "clap", arg(long))]
    pub save_steps: Option<u64>,
    /// Maximum number of checkpoints to keep [default: all]. The newest is always kept, and so is the best if `load_best_model_at_end`
    /// or `early_stopping_patience` is set.
    #[cfg_attr(feature = "clap", arg(long))]
    pub save_total_limit: Option<usize>,
    /// Use the weights of the best checkpoint as the trained model instead of those of the last step. Every checkpoint must be evaluated
    /// when it is written, so `eval_strategy` must equal `save_strategy`.
    #[cfg_attr(feature = "clap", arg(long))]
    pub load_best_model_at_end: bool,
    /// Evaluation metric that decides which weights are best; `align metrics` lists them [default: loss]. Requires
    /// `load_best_model_at_end` or `early_stopping_patience`.
    #[cfg_attr(feature = "clap", arg(long))]
    pub metric_for_best_model: Option<String>,
    /// Whether a higher value of `metric_for_best_model` is better [default: true, unless its name ends in loss].
    #[cfg_attr(feature = "clap", arg(long))]
    pub greater_is_better: Option<bool>,
    /// Stop training after this many consecutive evaluations without improvement.
    #[cfg_attr(feature = "clap", arg(long))]
    pub early_stopping_patience: Option<u64>,
    /// Minimum change of the metric that counts as an improvement. Requires `early_stopping_patience`.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().early_stopping_threshold))]
    pub early_stopping_threshold: f64,
    /// Start the run even if the estimated memory exceeds the available memory.
    #[cfg_attr(feature = "clap", arg(long))]
    pub skip_memory_check: bool,
    /// ZeRO (arXiv:1910.02054): 1 shares out the optimiser's state among the processes, so that each has one part of it and sends the weights
    /// that it has updated to the others. The weights are the same as with 0.
    #[cfg_attr(feature = "clap", arg(long, value_parser = clap::value_parser!(u8).range(0..=1), default_value_t = 0))]
    pub zero_stage: u8,
    /// The number of processes that `per_device_train_batch_size` and `per_device_eval_batch_size` are for, like transformers' `world_size`.
    /// A run of several processes sets it. A run that is resumed with another number of processes keeps it, and so keeps its batches.
    #[cfg_attr(feature = "clap", arg(skip = 1usize))]
    #[serde(skip_serializing_if = "is_one")]
    pub num_processes: usize,
}

fn is_one(number: &usize) -> bool {
    *number == 1
}

impl Default for TrainingConfig {
    fn default() -> Self {
        let adam = AdamWConfig::default();
        Self {
            per_device_train_batch_size: 8,
            per_device_eval_batch_size: 8,
            gradient_accumulation_steps: 1,
            num_train_epochs: None,
            max_steps: None,
            learning_rate: 1e-6,
            lr_scheduler_type: LrSchedulerType::Linear,
            warmup_steps: 0,
            warmup_ratio: 0.0,
            weight_decay: adam.weight_decay,
            adam_beta1: adam.beta1,
            adam_beta2: adam.beta2,
            adam_epsilon: adam.epsilon,
            max_grad_norm: 1.0,
            disable_dropout: true,
            gradient_checkpointing: false,
            train_sampling_strategy: SamplingStrategy::Random,
            seed: 42,
            logging_steps: 10,
            eval_strategy: IntervalStrategy::No,
            eval_steps: None,
            save_strategy: IntervalStrategy::No,
            save_steps: None,
            save_total_limit: None,
            load_best_model_at_end: false,
            metric_for_best_model: None,
            greater_is_better: None,
            early_stopping_patience: None,
            early_stopping_threshold: 0.0,
            skip_memory_check: false,
            zero_stage: 0,
            num_processes: 1,
        }
    }
}

impl TrainingConfig {
    /// The metric that decides which weights are best, or `None` if the run does not compare weights.
    pub(crate) fn best_metric(&self) -> Option<BestMetric> {
        (self.load_best_model_at_end || self.early_stopping_patience.is_some()).then(|| {
            let name = self.metric_for_best_model.clone().unwrap_or_else(|| "loss".into());
            let greater_is_better = self.greater_is_better.unwrap_or(!name.ends_with("loss"));
            BestMetric { name, greater_is_better }
        })
    }

    /// The optimiser's hyper-parameters.
    #[must_use]
    pub fn adamw(&self) -> AdamWConfig {
        AdamWConfig {
            beta1: self.adam_beta1,
            beta2: self.adam_beta2,
            epsilon: self.adam_epsilon,
            weight_decay: self.weight_decay,
        }
    }

    /// Training rows per batch, over all processes.
    #[must_use]
    pub fn train_batch_size(&self) -> usize {
        self.per_device_train_batch_size.saturating_mul(self.num_processes)
    }

    /// Evaluation rows per batch, over all processes.
    #[must_use]
    pub fn eval_batch_size(&self) -> usize {
        self.per_device_eval_batch_size.saturating_mul(self.num_processes)
    }

    /// Batches per epoch over `rows` rows; the last one may be smaller.
    #[must_use]
    pub fn batches_per_epoch(&self, rows: usize) -> u64 {
        rows.div_ceil(self.train_batch_size().max(1)) as u64
    }

    /// Optimiser steps per epoch over `rows` rows; the last one may accumulate fewer batches.
    #[must_use]
    pub fn steps_per_epoch(&self, rows: usize) -> u64 {
        self.batches_per_epoch(rows).div_ceil(self.gradient_accumulation_steps.max(1) as u64)
    }

    /// Optimiser steps of the run over `rows` rows.
    #[must_use]
    pub fn total_steps(&self, rows: usize) -> u64 {
        let epochs = self.num_train_epochs.unwrap_or(DEFAULT_EPOCHS);
        self.max_steps.unwrap_or_else(|| (epochs * self.steps_per_epoch(rows) as f64).ceil() as u64)
    }

    /// Warm-up steps in a run of `total_steps`.
    #[must_use]
    pub fn num_warmup_steps(&self, total_steps: u64) -> u64 {
        if self.warmup_ratio > 0.0 { (self.warmup_ratio * total_steps as f64).ceil() as u64 } else { self.warmup_steps }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_batch_and_the_last_step_may_be_partial() {
        let config = TrainingConfig {
            per_device_train_batch_size: 4,
            gradient_accumulation_steps: 2,
            num_train_epochs: Some(1.5),
            ..TrainingConfig::default()
        };
        // 10 rows: batches of 4, 4 and 2; one step of two batches and one step of one batch.
        assert_eq!((config.batches_per_epoch(10), config.steps_per_epoch(10), config.total_steps(10)), (3, 2, 3));
    }
}
