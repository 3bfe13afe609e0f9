use super::{TrainingConfig, require};
use crate::{Method, Result, RunConfig, TrainingTask, metric_names};
use align_data::PairNumber;
use serde::{Deserialize, Serialize};

/// Options for training a reward model, with the names and defaults of TRL's `RewardConfig`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[cfg_attr(feature = "clap", command(mut_arg("learning_rate", |arg| arg.default_value("1e-4"))))]
pub struct RewardConfig {
    /// Weight of a penalty that centres the rewards around 0: the squared sum of a pair's two rewards (arXiv:2312.09244). A common value is 0.01
    /// [default: no penalty].
    #[cfg_attr(feature = "clap", arg(long))]
    pub center_rewards_coefficient: Option<f64>,
    /// Use the probability in the column chosen_probability that the chosen text is the better one: the loss is the cross-entropy with it.
    #[cfg_attr(feature = "clap", arg(long))]
    pub soft_labels: bool,
    /// Multiply the loss of each pair by the number in its column weight. The weights are not normalised.
    #[cfg_attr(feature = "clap", arg(long))]
    pub row_weights: bool,
    /// Maximum number of tokens of a text, the prompt and a completion together. Pairs with a longer text are dropped, not truncated
    /// [default: the model's limit].
    #[cfg_attr(feature = "clap", arg(long))]
    pub max_length: Option<usize>,
    /// Options common to all objectives.
    #[cfg_attr(feature = "clap", command(flatten))]
    pub training: TrainingConfig,
}

impl Default for RewardConfig {
    fn default() -> Self {
        let training = TrainingConfig { learning_rate: 1e-4, ..TrainingConfig::default() };
        Self { center_rewards_coefficient: None, soft_labels: false, row_weights: false, max_length: None, training }
    }
}

impl RewardConfig {
    /// The numbers of the pairs that the loss uses besides the margin.
    #[must_use]
    pub fn pair_numbers(&self) -> Vec<PairNumber> {
        let used = [(PairNumber::ChosenProbability, self.soft_labels), (PairNumber::Weight, self.row_weights)];
        used.into_iter().filter(|(_, used)| *used).map(|(number, _)| number).collect()
    }
}

impl RunConfig for RewardConfig {
    fn training(&self) -> &TrainingConfig {
        &self.training
    }

    fn training_mut(&mut self) -> &mut TrainingConfig {
        &mut self.training
    }

    fn validate(&self) -> Result<()> {
        if let Some(coefficient) = self.center_rewards_coefficient {
            require("center_rewards_coefficient", coefficient > 0.0 && coefficient.is_finite(), || {
                format!("is {coefficient}, expected a number above 0: without a penalty, leave it out")
            })?;
        }
        self.training.validate()?;
        metric_names::check(self)
    }

    fn evaluation_metrics(&self) -> Option<Vec<&'static str>> {
        Some(metric_names::reward())
    }

    fn tag(&self) -> &'static str {
        "reward-trainer"
    }

    fn methods(&self) -> Vec<Method> {
        vec![Method { name: "the Bradley-Terry loss", paper: "https://arxiv.org/abs/2203.02155" }]
    }

    fn task(&self) -> TrainingTask {
        TrainingTask::RewardModelling
    }
}

#[cfg(all(test, feature = "clap"))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_command_line_has_the_same_defaults() {
        #[derive(clap::Parser)]
        struct Parsed {
            #[command(flatten)]
            config: RewardConfig,
        }
        let parsed = <Parsed as clap::Parser>::try_parse_from(["reward"]).unwrap();
        assert_eq!(parsed.config, RewardConfig::default());
    }

    #[test]
    fn the_coefficient_is_a_positive_number() {
        for coefficient in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let config = RewardConfig { center_rewards_coefficient: Some(coefficient), ..RewardConfig::default() };
            let problem = config.validate().unwrap_err().to_string();
            assert!(problem.contains("center_rewards_coefficient"), "{problem}");
        }
        RewardConfig { center_rewards_coefficient: Some(0.01), ..RewardConfig::default() }.validate().unwrap();
    }
}
