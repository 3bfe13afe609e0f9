use crate::{Error, Result, Schedule};
use align_models::generation::GenerationConfig;
use serde::{Deserialize, Serialize};

/// How a run writes its own training rows, in rounds.
///
/// In each round the policy continues [`prompts_per_round`](Self::prompts_per_round) prompts, [`num_generations`](Self::num_generations)
/// times each, judges score the texts, and the policy takes [`steps_per_round`](Self::steps_per_round) optimiser steps on them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoundsConfig {
    /// The number of rounds.
    pub rounds: u64,
    /// Prompts of a round. They follow one another through a random order of all prompts.
    pub prompts_per_round: usize,
    /// Texts per prompt, at least 2. Several values are spread evenly over the rounds.
    pub num_generations: Schedule<usize>,
    /// The sampling temperature. Several values are spread evenly over the rounds.
    pub temperature: Schedule<f64>,
    /// Optimiser steps of a round. By default each row of a round is used once.
    pub steps_per_round: Option<u64>,
    /// The share of a round's rows that are drawn from earlier rounds, from 0 to below 1.
    pub replay: f64,
    /// Which texts of a prompt become pairs.
    pub pairs: PairSelection,
    /// The run is finished when the estimated KL divergence from the reference model, in nats per text, exceeds this value.
    pub max_kl: Option<f64>,
    /// While the KL divergence, in nats per text, is above this budget, each round raises beta; below it, beta falls back to its first value.
    pub target_kl: Option<f64>,
    /// The run is finished when the mean reward of a round reaches this value.
    pub target_reward: Option<f64>,
    /// The run is finished when the mean score of the held-out judge has not risen for this many rounds.
    pub held_out_patience: Option<u64>,
    /// How texts are sampled. `temperature`, `num_return_sequences` and `seed` are replaced in each round.
    pub generation: GenerationConfig,
}

/// Which texts of a prompt become preference pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PairSelection {
    /// The text with the highest reward against the one with the lowest.
    #[default]
    BestWorst,
    /// Each two texts with different rewards.
    All,
}

impl Default for RoundsConfig {
    fn default() -> Self {
        Self {
            rounds: 10,
            prompts_per_round: 32,
            num_generations: Schedule::constant(4),
            temperature: Schedule::constant(1.0),
            steps_per_round: None,
            replay: 0.0,
            pairs: PairSelection::BestWorst,
            max_kl: None,
            target_kl: None,
            target_reward: None,
            held_out_patience: None,
            generation: GenerationConfig { do_sample: true, top_k: Some(0), ..GenerationConfig::default() },
        }
    }
}

impl RoundsConfig {
    /// Checks the range of every option.
    ///
    /// # Errors
    /// Names the first option that is out of range.
    pub fn validate(&self) -> Result<()> {
        let require = |option, holds: bool, reason: &str| match holds {
            true => Ok(()),
            false => Err(Error::Config { option, reason: reason.to_owned() }),
        };
        require("rounds", self.rounds > 0, "is 0, expected at least 1")?;
        require("prompts_per_round", self.prompts_per_round > 0, "is 0, expected at least 1")?;
        let several = self.num_generations.values().iter().all(|count| *count >= 2);
        require("num_generations", several, "has a value below 2, but only several texts of a prompt can be compared")?;
        let hot = self.temperature.values().iter().all(|value| *value > 0.0 && value.is_finite());
        require("temperature", hot, "has a value that is not above 0")?;
        let values = [
            ("num_generations", self.num_generations.values().len()),
            ("temperature", self.temperature.values().len()),
        ];
        for (option, values) in values {
            let used = values as u64 <= self.rounds;
            require(option, used, "has more values than there are rounds, so that some would be ignored")?;
        }
        require("steps_per_round", self.steps_per_round != Some(0), "is 0, expected at least 1")?;
        require("replay", (0.0..1.0).contains(&self.replay), "must be from 0 to below 1")?;
        for (option, value) in [("max_kl", self.max_kl), ("target_kl", self.target_kl)] {
            let positive = value.is_none_or(|value| value > 0.0 && value.is_finite());
            require(option, positive, "must be above 0")?;
        }
        let both = self.target_kl.zip(self.max_kl);
        require("max_kl", both.is_none_or(|(target, max)| max > target), "must be above target_kl")?;
        require("target_reward", self.target_reward.is_none_or(f64::is_finite), "must be a finite number")?;
        require("held_out_patience", self.held_out_patience != Some(0), "is 0, expected at least 1")?;
        require(
            "do_sample",
            self.generation.do_sample,
            "is false, but texts of a prompt that are to differ must be sampled",
        )?;
        require("num_beams", self.generation.num_beams == 1, "must be 1: texts are sampled from the policy")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn options_out_of_range_are_named() {
        RoundsConfig::default().validate().unwrap();
        let error = |change: &dyn Fn(&mut RoundsConfig)| {
            let mut config = RoundsConfig::default();
            change(&mut config);
            config.validate().unwrap_err().to_string()
        };
        type Change<'a> = &'a dyn Fn(&mut RoundsConfig);
        let cases: [(&str, Change<'_>); 12] = [
            ("rounds", &|c| c.rounds = 0),
            ("prompts_per_round", &|c| c.prompts_per_round = 0),
            ("num_generations", &|c| c.num_generations = Schedule::constant(1)),
            ("temperature", &|c| c.temperature = Schedule::constant(0.0)),
            ("temperature", &|c| (c.rounds, c.temperature) = (1, "1,0.5".parse().unwrap())),
            ("steps_per_round", &|c| c.steps_per_round = Some(0)),
            ("replay", &|c| c.replay = 1.0),
            ("max_kl", &|c| c.max_kl = Some(-1.0)),
            ("target_kl", &|c| c.target_kl = Some(f64::NAN)),
            ("max_kl", &|c| (c.max_kl, c.target_kl) = (Some(1.0), Some(2.0))),
            ("held_out_patience", &|c| c.held_out_patience = Some(0)),
            ("do_sample", &|c| c.generation.do_sample = false),
        ];
        for (option, change) in cases {
            assert!(error(change).contains(option), "{option}: {}", error(change));
        }
    }
}
