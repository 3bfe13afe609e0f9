mod validate;

use crate::best_metric::BestMetric;
use crate::{AdamWConfig, LrSchedulerType};
use serde::{Deserialize, Serialize};

/// How often something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// Never.
    #[default]
    No,
    /// Every so many optimiser steps.
    Steps,
    /// After each epoch.
    Epoch,
}

/// The order in which an epoch visits the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SamplingStrategy {
    /// Shuffled anew each epoch.
    #[default]
    Random,
    /// As they stand.
    Sequential,
    /// Shuffled anew each epoch, in batches of rows of like length, so that little is padded.
    #[serde(rename = "group_by_length")]
    GroupByLength,
}

/// Epochs of a run that names neither epochs nor steps.
const DEFAULT_EPOCHS: f64 = 3.0;

/// How any objective is trained, under transformers' option names; `None` where TRL has a rule instead of a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct TrainingConfig {
    /// Rows a micro-batch.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().per_device_train_batch_size))]
    pub per_device_train_batch_size: usize,
    /// Rows an evaluation batch: a matter of time and memory, no number depends on it. A loss that couples the rows of a batch
    /// (kto, aot, aot_unpaired) is evaluated as it is trained, in batches of `per_device_train_batch_size` rows.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().per_device_eval_batch_size))]
    pub per_device_eval_batch_size: usize,
    /// Micro-batches an optimiser step.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().gradient_accumulation_steps))]
    pub gradient_accumulation_steps: usize,
    /// Passes over the rows, fractions allowed (3 unless `max_steps` is given); not together with `max_steps`.
    #[cfg_attr(feature = "clap", arg(long))]
    pub num_train_epochs: Option<f64>,
    /// Optimiser steps of the run; not together with `num_train_epochs`.
    #[cfg_attr(feature = "clap", arg(long))]
    pub max_steps: Option<u64>,
    /// The highest learning rate.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().learning_rate))]
    pub learning_rate: f64,
    /// How it falls.
    #[cfg_attr(feature = "clap", arg(long, value_parser = crate::option_names::parse::<LrSchedulerType>, default_value = "linear"))]
    pub lr_scheduler_type: LrSchedulerType,
    /// Steps over which it rises from zero; not together with `warmup_ratio`.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().warmup_steps))]
    pub warmup_steps: u64,
    /// The same as a share of the run.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().warmup_ratio))]
    pub warmup_ratio: f64,
    /// Decoupled weight decay of matrices.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().weight_decay))]
    pub weight_decay: f64,
    /// AdamW's decay of the gradient's running mean.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().adam_beta1))]
    pub adam_beta1: f64,
    /// AdamW's decay of the squared gradient's running mean.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().adam_beta2))]
    pub adam_beta2: f64,
    /// Added to AdamW's denominator.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().adam_epsilon))]
    pub adam_epsilon: f64,
    /// The gradient's norm is cut to this; 0 for no clipping.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().max_grad_norm))]
    pub max_grad_norm: f64,
    /// Whether the policy trains without dropout.
    #[cfg_attr(feature = "clap", arg(long, action = clap::ArgAction::Set, default_value_t = Self::default().disable_dropout))]
    pub disable_dropout: bool,
    /// Whether only the layers' inputs are kept for the backward pass, which computes each layer again: less memory for at
    /// most a third more time, with the same weights.
    #[cfg_attr(feature = "clap", arg(long))]
    pub gradient_checkpointing: bool,
    /// The rows' order.
    #[cfg_attr(feature = "clap", arg(long, value_parser = crate::option_names::parse::<SamplingStrategy>, default_value = "random"))]
    pub train_sampling_strategy: SamplingStrategy,
    /// Fixes the rows' order and dropout.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().seed))]
    pub seed: u64,
    /// Steps whose mean makes one line of the metrics file.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().logging_steps))]
    pub logging_steps: u64,
    /// When held-out rows are evaluated.
    #[cfg_attr(feature = "clap", arg(long, value_parser = crate::option_names::parse::<Strategy>, default_value = "no"))]
    pub eval_strategy: Strategy,
    /// Steps between evaluations, with `eval_strategy` steps.
    #[cfg_attr(feature = "clap", arg(long))]
    pub eval_steps: Option<u64>,
    /// When checkpoints are written.
    #[cfg_attr(feature = "clap", arg(long, value_parser = crate::option_names::parse::<Strategy>, default_value = "no"))]
    pub save_strategy: Strategy,
    /// Steps between checkpoints, with `save_strategy` steps.
    #[cfg_attr(feature = "clap", arg(long))]
    pub save_steps: Option<u64>,
    /// Checkpoints kept: the newest, and the best one where they are compared; `None` keeps all.
    #[cfg_attr(feature = "clap", arg(long))]
    pub save_total_limit: Option<usize>,
    /// Whether the trained model is the best of the checkpoints instead of the last step's; each must be evaluated when it is
    /// written, so `eval_strategy` must be `save_strategy`.
    #[cfg_attr(feature = "clap", arg(long))]
    pub load_best_model_at_end: bool,
    /// The number of the held-out rows by which weights are compared, as the metrics file calls it (loss unless given); with
    /// `load_best_model_at_end` or `early_stopping_patience`.
    #[cfg_attr(feature = "clap", arg(long))]
    pub metric_for_best_model: Option<String>,
    /// Whether more of it is better (unless given: where its name does not end in loss).
    #[cfg_attr(feature = "clap", arg(long))]
    pub greater_is_better: Option<bool>,
    /// Evaluations in a row without improvement after which the run is done.
    #[cfg_attr(feature = "clap", arg(long))]
    pub early_stopping_patience: Option<u64>,
    /// What an evaluation must be better by to count as an improvement; with `early_stopping_patience`.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().early_stopping_threshold))]
    pub early_stopping_threshold: f64,
    /// Whether a run that seems to need more memory than there is begins nevertheless.
    #[cfg_attr(feature = "clap", arg(long))]
    pub skip_memory_check: bool,
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
            eval_strategy: Strategy::No,
            eval_steps: None,
            save_strategy: Strategy::No,
            save_steps: None,
            save_total_limit: None,
            load_best_model_at_end: false,
            metric_for_best_model: None,
            greater_is_better: None,
            early_stopping_patience: None,
            early_stopping_threshold: 0.0,
            skip_memory_check: false,
        }
    }
}

impl TrainingConfig {
    /// By what the weights of a run are compared; none where they are not.
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

    /// Micro-batches of an epoch over `rows` rows; the last may be smaller.
    #[must_use]
    pub fn micro_batches_per_epoch(&self, rows: usize) -> u64 {
        rows.div_ceil(self.per_device_train_batch_size.max(1)) as u64
    }

    /// Optimiser steps of an epoch over `rows` rows; the last may accumulate fewer micro-batches.
    #[must_use]
    pub fn steps_per_epoch(&self, rows: usize) -> u64 {
        self.micro_batches_per_epoch(rows).div_ceil(self.gradient_accumulation_steps.max(1) as u64)
    }

    /// Optimiser steps of the run over `rows` rows.
    #[must_use]
    pub fn total_steps(&self, rows: usize) -> u64 {
        let epochs = self.num_train_epochs.unwrap_or(DEFAULT_EPOCHS);
        self.max_steps.unwrap_or_else(|| (epochs * self.steps_per_epoch(rows) as f64).ceil() as u64)
    }

    /// Warm-up steps of a run of `total_steps`.
    #[must_use]
    pub fn warmup(&self, total_steps: u64) -> u64 {
        if self.warmup_ratio > 0.0 { (self.warmup_ratio * total_steps as f64).ceil() as u64 } else { self.warmup_steps }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partial_batches_and_windows_count() {
        let config = TrainingConfig {
            per_device_train_batch_size: 4,
            gradient_accumulation_steps: 2,
            num_train_epochs: Some(1.5),
            ..TrainingConfig::default()
        };
        // 10 rows: batches of 4, 4 and 2, steps of two batches and one.
        assert_eq!((config.micro_batches_per_epoch(10), config.steps_per_epoch(10), config.total_steps(10)), (3, 2, 3));
    }
}
