use super::{TrainingConfig, require};
use crate::{KtoLossType, Method, Result, RunConfig, metric_names};
use align_losses::{KtoOptions, LossOption};
use serde::{Deserialize, Serialize};

/// Options of a run on unpaired preferences, with the names and defaults of TRL's `KTOConfig`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct KtoConfig {
    /// Loss function. `align losses` explains each.
    #[cfg_attr(feature = "clap", arg(long, value_parser = crate::option_names::losses::<KtoLossType>(KtoLossType::names_and_info()), default_value = "kto"))]
    pub loss_type: KtoLossType,
    /// Strength of the penalty for deviating from the reference model. Higher values keep the policy closer to it.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().beta))]
    pub beta: f64,
    /// KTO (arXiv:2402.01306): weight of desirable completions. Raise it if there are fewer of them than undesirable ones. Requires `loss_type` kto.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().desirable_weight))]
    pub desirable_weight: f64,
    /// KTO (arXiv:2402.01306): weight of undesirable completions. Raise it if there are fewer of them than desirable ones. Requires `loss_type` kto.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().undesirable_weight))]
    pub undesirable_weight: f64,
    /// Maximum tokens of a prompt with its completion; longer completions are truncated [default: the model's limit]. The same
    /// limit applies to the mismatched prompt-completion pairs of kto's KL estimate.
    #[cfg_attr(feature = "clap", arg(long))]
    pub max_length: Option<usize>,
    /// Options common to all objectives.
    #[cfg_attr(feature = "clap", command(flatten))]
    pub training: TrainingConfig,
}

impl Default for KtoConfig {
    fn default() -> Self {
        let KtoOptions { beta, desirable_weight, undesirable_weight } = KtoOptions::default();
        Self {
            loss_type: KtoLossType::Kto,
            beta,
            desirable_weight,
            undesirable_weight,
            max_length: None,
            training: TrainingConfig::default(),
        }
    }
}

/// Why kto needs more than one row per batch.
const NEEDS_TWO_ROWS: &str =
    "loss_type kto compares a row with the other rows of its batch, and gradient_accumulation_steps does not add any";

impl KtoConfig {
    /// The options of the loss.
    pub(crate) fn options(&self) -> KtoOptions {
        let Self { beta, desirable_weight, undesirable_weight, .. } = *self;
        KtoOptions { beta, desirable_weight, undesirable_weight }
    }

    /// Returns an error if the last batch of an epoch would have a single row.
    pub(crate) fn check_last_batch(&self, rows: usize) -> Result<()> {
        let training = &self.training;
        let batch = training.train_batch_size().max(1);
        let reached = training.total_steps(rows) >= training.steps_per_epoch(rows);
        let single_row = self.loss_type.info().couples_batch && reached && rows % batch == 1;
        require("per_device_train_batch_size", !single_row, || {
            let (each, processes) = (training.per_device_train_batch_size, training.num_processes);
            let fits = |size: &usize| size * processes > 1 && rows % (size * processes) != 1;
            let other = (1..each).find_map(|by| [each + by, each - by].into_iter().find(fits));
            let other = other.map_or_else(String::new, |size| format!("set it to {size}, "));
            let of = if processes > 1 { format!(" in each of {processes} processes") } else { String::new() };
            format!(
                "is {each}{of}, so the last batch of an epoch over {rows} training rows has a single row, but {NEEDS_TWO_ROWS}: {other}remove \
                 or add a row, or choose loss_type apo_zero_unpaired or bco"
            )
        })
    }
}

impl RunConfig for KtoConfig {
    fn training(&self) -> &TrainingConfig {
        &self.training
    }

    fn training_mut(&mut self) -> &mut TrainingConfig {
        &mut self.training
    }

    fn validate(&self) -> Result<()> {
        let KtoOptions { desirable_weight, undesirable_weight, .. } = self.options();
        self.options().validate()?;
        let weights =
            [(LossOption::DesirableWeight, desirable_weight), (LossOption::UndesirableWeight, undesirable_weight)];
        for (option, weight) in weights {
            require(option.name(), self.loss_type.takes(option) || weight == 1.0, || {
                format!("is {weight}, but only loss_type kto uses it: leave it at 1")
            })?;
        }
        let batch = self.training.train_batch_size();
        require("per_device_train_batch_size", !self.loss_type.info().couples_batch || batch != 1, || {
            format!("is 1, but {NEEDS_TWO_ROWS}: set it to at least 2, or choose loss_type apo_zero_unpaired or bco")
        })?;
        self.training.validate()?;
        metric_names::check(self)
    }

    fn evaluation_metrics(&self) -> Option<Vec<&'static str>> {
        Some(metric_names::kto(self.loss_type))
    }

    fn tag(&self) -> &'static str {
        "kto"
    }

    fn methods(&self) -> Vec<Method> {
        vec![self.loss_type.info().method]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn weights_that_would_be_ignored_are_rejected() {
        KtoConfig::default().validate().unwrap();
        for loss_type in [KtoLossType::Bco, KtoLossType::ApoZeroUnpaired] {
            let config = KtoConfig { loss_type, undesirable_weight: 1.5, ..KtoConfig::default() };
            let problem = config.validate().unwrap_err().to_string();
            assert!(problem.contains("undesirable_weight") && problem.contains("loss_type"), "{problem}");
        }
        let problem = KtoConfig { beta: 0.0, ..KtoConfig::default() }.validate().unwrap_err().to_string();
        assert!(problem.contains("beta"), "{problem}");
    }

    fn with_batches(loss_type: KtoLossType, size: usize, max_steps: Option<u64>) -> KtoConfig {
        let training = TrainingConfig { per_device_train_batch_size: size, max_steps, ..TrainingConfig::default() };
        KtoConfig { loss_type, training, ..KtoConfig::default() }
    }

    #[test]
    fn kto_rejects_a_batch_size_of_one() {
        let problem = with_batches(KtoLossType::Kto, 1, None).validate().unwrap_err().to_string();
        for part in ["per_device_train_batch_size", "at least 2", "apo_zero_unpaired", "gradient_accumulation_steps"] {
            assert!(problem.contains(part), "{problem}");
        }
        for loss_type in [KtoLossType::ApoZeroUnpaired, KtoLossType::Bco] {
            with_batches(loss_type, 1, None).validate().unwrap();
            with_batches(loss_type, 4, None).check_last_batch(9).unwrap();
        }
    }

    #[test]
    fn kto_rejects_a_last_batch_of_one_row_if_the_run_reaches_it() {
        let check = |size, steps, rows| with_batches(KtoLossType::Kto, size, steps).check_last_batch(rows);
        let problem = check(4, None, 9).unwrap_err().to_string();
        // 9 % 5 is 4.
        for part in ["per_device_train_batch_size", "is 4", "9 training rows", "set it to 5"] {
            assert!(problem.contains(part), "{problem}");
        }
        check(4, Some(3), 9).unwrap_err();
        check(4, Some(2), 9).unwrap();
        check(4, None, 8).unwrap();
        check(8, None, 2).unwrap();
        // 3 % 3 is 0.
        assert!(check(2, None, 3).unwrap_err().to_string().contains("set it to 3"));
    }
}
