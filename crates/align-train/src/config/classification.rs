use super::{SamplingStrategy, TrainingConfig, require};
use crate::{Method, Result, RunConfig, TrainingTask, metric_names};
use serde::{Deserialize, Serialize};

/// Options for training a classifier, with the names and defaults of transformers' `TrainingArguments`, except that
/// `train_sampling_strategy` is `group_by_length` by default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[cfg_attr(feature = "clap", command(mut_arg("learning_rate", |arg| arg.default_value("5e-5"))))]
#[cfg_attr(feature = "clap", command(mut_arg("disable_dropout", |arg| arg.default_value("false"))))]
#[cfg_attr(feature = "clap", command(mut_arg("train_sampling_strategy", |arg| arg.default_value("group_by_length"))))]
pub struct ClassificationConfig {
    /// Maximum tokens of a text, including special tokens; longer texts are truncated [default: the model's limit].
    #[cfg_attr(feature = "clap", arg(long))]
    pub max_length: Option<usize>,
    /// Word dropout (Iyyer et al., 2015): fraction of tokens that is masked at random in each training step. The first token is never
    /// masked. Reduces overfitting.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = 0.0))]
    pub token_dropout: f64,
    /// Options common to all objectives.
    #[cfg_attr(feature = "clap", command(flatten))]
    pub training: TrainingConfig,
}

impl Default for ClassificationConfig {
    fn default() -> Self {
        let training = TrainingConfig {
            learning_rate: 5e-5,
            disable_dropout: false,
            train_sampling_strategy: SamplingStrategy::GroupByLength,
            ..TrainingConfig::default()
        };
        Self { max_length: None, token_dropout: 0.0, training }
    }
}

impl RunConfig for ClassificationConfig {
    fn training(&self) -> &TrainingConfig {
        &self.training
    }

    fn training_mut(&mut self) -> &mut TrainingConfig {
        &mut self.training
    }

    fn validate(&self) -> Result<()> {
        require("max_length", self.max_length != Some(0), || "is 0, expected at least 1".into())?;
        require("token_dropout", (0.0..1.0).contains(&self.token_dropout), || {
            format!("is {}, expected at least 0 and below 1", self.token_dropout)
        })?;
        require("token_dropout", self.token_dropout == 0.0 || !self.training.disable_dropout, || {
            "conflicts with disable_dropout: remove one of the two".into()
        })?;
        self.training.validate()?;
        metric_names::check(self)
    }

    fn evaluation_metrics(&self) -> Option<Vec<&'static str>> {
        Some(metric_names::classification())
    }

    fn tag(&self) -> &'static str {
        "distilbert"
    }

    fn methods(&self) -> Vec<Method> {
        vec![Method { name: "cross-entropy on its labels", paper: "https://arxiv.org/abs/1910.01108" }]
    }

    fn task(&self) -> TrainingTask {
        TrainingTask::Classification
    }
}

#[cfg(all(test, feature = "clap"))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_command_line_has_the_same_defaults() {
        #[derive(clap::Parser)]
        struct Options {
            #[command(flatten)]
            classification: ClassificationConfig,
        }
        let parsed = <Options as clap::Parser>::try_parse_from(["train_classifier"]).unwrap();
        assert_eq!(parsed.classification, ClassificationConfig::default());
    }
}
