//! Checks that options are in range and do not contradict each other.

use super::{DEFAULT_EPOCHS, IntervalStrategy, SamplingStrategy, TrainingConfig};
use crate::config::require;
use crate::{LrSchedulerType, Result};

impl TrainingConfig {
    /// Checks the range of every option and its combination with the others.
    ///
    /// # Errors
    /// Names the first option that is out of range, contradicts another option or would be ignored.
    pub fn validate(&self) -> Result<()> {
        let counts = [
            ("per_device_train_batch_size", self.per_device_train_batch_size),
            ("per_device_eval_batch_size", self.per_device_eval_batch_size),
            ("gradient_accumulation_steps", self.gradient_accumulation_steps),
            ("num_processes", self.num_processes),
            ("logging_steps", usize::try_from(self.logging_steps).unwrap_or(usize::MAX)),
        ];
        for (option, count) in counts {
            require(option, count > 0, || "is 0, expected at least 1".into())?;
        }
        self.validate_length()?;
        self.validate_learning_rate()?;
        let clip = self.max_grad_norm;
        require("max_grad_norm", clip >= 0.0 && clip.is_finite(), || format!("is {clip}, expected 0 or more"))?;
        validate_interval("eval_strategy", "eval_steps", self.eval_strategy, self.eval_steps)?;
        validate_interval("save_strategy", "save_steps", self.save_strategy, self.save_steps)?;
        let limit = self.save_total_limit;
        require("save_total_limit", limit != Some(0), || "is 0, which would keep no checkpoint".into())?;
        require("save_total_limit", limit.is_none() || self.save_strategy != IntervalStrategy::No, || {
            "has no effect while save_strategy is no".into()
        })?;
        let stage = self.zero_stage;
        require("zero_stage", stage <= 1, || format!("is {stage}, expected 0 or 1"))?;
        self.validate_best_model()?;
        self.validate_early_stopping()
    }

    /// Checks that no option needs all training rows at once, for rows that are streamed.
    pub(crate) fn check_streaming(&self) -> Result<()> {
        let sorts = self.train_sampling_strategy == SamplingStrategy::GroupByLength;
        require("train_sampling_strategy", !sorts, || {
            "is group_by_length, which sorts all rows by length, but streamed rows are read when they are needed: use random or sequential"
                .into()
        })
    }

    fn validate_best_model(&self) -> Result<()> {
        let (best, eval, save) = (self.load_best_model_at_end, self.eval_strategy, self.save_strategy);
        require("load_best_model_at_end", !best || save != IntervalStrategy::No, || {
            "has no checkpoint to load: set save_strategy, and set eval_strategy to the same value".into()
        })?;
        require("load_best_model_at_end", !best || eval == save, || {
            "requires an evaluation at every checkpoint: set eval_strategy to the value of save_strategy".into()
        })?;
        let steps = self.save_steps.zip(self.eval_steps).filter(|_| best);
        require("load_best_model_at_end", steps.is_none_or(|(save, eval)| save.is_multiple_of(eval)), || {
            "requires an evaluation at every checkpoint: make save_steps a multiple of eval_steps".into()
        })?;
        let compares = best || self.early_stopping_patience.is_some();
        require("metric_for_best_model", compares || self.metric_for_best_model.is_none(), || {
            "has no effect without load_best_model_at_end or early_stopping_patience".into()
        })?;
        require("greater_is_better", self.metric_for_best_model.is_some() || self.greater_is_better.is_none(), || {
            "has no effect without metric_for_best_model".into()
        })
    }

    fn validate_early_stopping(&self) -> Result<()> {
        let (patience, threshold) = (self.early_stopping_patience, self.early_stopping_threshold);
        require("early_stopping_patience", patience != Some(0), || "is 0, expected at least 1".into())?;
        require("early_stopping_patience", patience.is_none() || self.eval_strategy != IntervalStrategy::No, || {
            "needs evaluations: set eval_strategy".into()
        })?;
        require("early_stopping_threshold", threshold >= 0.0 && threshold.is_finite(), || {
            format!("is {threshold}, expected 0 or more")
        })?;
        require("early_stopping_threshold", threshold == 0.0 || patience.is_some(), || {
            "has no effect without early_stopping_patience".into()
        })
    }

    fn validate_length(&self) -> Result<()> {
        require("max_steps", self.max_steps != Some(0), || "is 0, expected at least 1".into())?;
        require("max_steps", self.max_steps.is_none() || self.num_train_epochs.is_none(), || {
            "conflicts with num_train_epochs: set one of the two".into()
        })?;
        let epochs = self.num_train_epochs.unwrap_or(DEFAULT_EPOCHS);
        require("num_train_epochs", epochs > 0.0 && epochs.is_finite(), || {
            format!("is {epochs}, expected a positive number")
        })
    }

    fn validate_learning_rate(&self) -> Result<()> {
        let lr = self.learning_rate;
        require("learning_rate", lr > 0.0 && lr.is_finite(), || format!("is {lr}, expected a positive number"))?;
        let ratio = self.warmup_ratio;
        require("warmup_ratio", (0.0..=1.0).contains(&ratio), || format!("is {ratio}, expected 0 to 1"))?;
        require("warmup_ratio", ratio == 0.0 || self.warmup_steps == 0, || {
            "conflicts with warmup_steps: set one of the two".into()
        })?;
        let warms_up = ratio > 0.0 || self.warmup_steps > 0;
        require("lr_scheduler_type", self.lr_scheduler_type != LrSchedulerType::Constant || !warms_up, || {
            "is constant, which has no warm-up: choose constant_with_warmup, or remove warmup_steps and warmup_ratio"
                .into()
        })
    }
}

fn validate_interval(
    name: &'static str,
    steps_name: &'static str,
    strategy: IntervalStrategy,
    steps: Option<u64>,
) -> Result<()> {
    match (strategy, steps) {
        (IntervalStrategy::Steps, None) => {
            require(name, false, || format!("is steps, but {steps_name} is not set: set it"))
        }
        (_, Some(0)) => require(steps_name, false, || "is 0, expected at least 1".into()),
        (IntervalStrategy::No | IntervalStrategy::Epoch, Some(_)) => {
            require(steps_name, false, || format!("has no effect unless {name} is steps"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::best_metric::BestMetric;

    fn error(change: impl FnOnce(&mut TrainingConfig)) -> String {
        let mut config = TrainingConfig::default();
        change(&mut config);
        config.validate().unwrap_err().to_string()
    }

    #[test]
    fn contradicting_options_are_named_in_the_error() {
        TrainingConfig::default().validate().unwrap();
        let both = error(|c| (c.max_steps, c.num_train_epochs) = (Some(5), Some(1.0)));
        assert!(both.contains("max_steps") && both.contains("num_train_epochs"), "{both}");
        assert!(error(|c| c.eval_strategy = IntervalStrategy::Steps).contains("eval_steps"));
        assert!(error(|c| c.save_steps = Some(3)).contains("save_strategy"));
        assert!(error(|c| c.save_total_limit = Some(3)).contains("save_strategy"));
        let best = |c: &mut TrainingConfig| {
            (c.load_best_model_at_end, c.save_strategy, c.save_steps) = (true, IntervalStrategy::Steps, Some(6));
        };
        assert!(error(|c| c.load_best_model_at_end = true).contains("save_strategy"));
        assert!(error(best).contains("eval_strategy"));
        let at_steps = |c: &mut TrainingConfig, steps| {
            best(c);
            (c.eval_strategy, c.eval_steps) = (IntervalStrategy::Steps, Some(steps));
        };
        assert!(error(|c| at_steps(c, 4)).contains("multiple of eval_steps"));
        let mut good = TrainingConfig::default();
        at_steps(&mut good, 3);
        good.validate().unwrap();
        assert_eq!(good.best_metric(), Some(BestMetric { name: "loss".into(), greater_is_better: false }));
        good.metric_for_best_model = Some("eval_rewards/margins".into());
        assert!(good.best_metric().unwrap().greater_is_better);
        assert!(error(|c| c.metric_for_best_model = Some("loss".into())).contains("load_best_model_at_end"));
        assert!(error(|c| c.greater_is_better = Some(true)).contains("metric_for_best_model"));
        assert!(error(|c| c.early_stopping_patience = Some(2)).contains("eval_strategy"));
        assert!(error(|c| c.early_stopping_threshold = 0.1).contains("early_stopping_patience"));
        let negative = |c: &mut TrainingConfig| {
            (c.eval_strategy, c.early_stopping_patience) = (IntervalStrategy::Epoch, Some(1));
            c.early_stopping_threshold = -0.1;
        };
        assert!(error(negative).contains("0 or more"));
        assert!(error(|c| (c.warmup_steps, c.warmup_ratio) = (3, 0.1)).contains("warmup_ratio"));
        let constant = error(|c| (c.warmup_steps, c.lr_scheduler_type) = (3, LrSchedulerType::Constant));
        assert!(constant.contains("constant_with_warmup"), "{constant}");
        assert!(error(|c| c.learning_rate = f64::NAN).contains("learning_rate"));
        assert!(error(|c| c.per_device_train_batch_size = 0).contains("per_device_train_batch_size"));
    }
}
