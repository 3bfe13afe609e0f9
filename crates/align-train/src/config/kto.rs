use super::{TrainingConfig, require};
use crate::{Method, Result, RunConfig};
use align_losses::KtoOptions;
use serde::{Deserialize, Serialize};

/// The loss on single completions that were liked or not, under TRL's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KtoLossType {
    /// [`kto`](align_losses::kto).
    #[default]
    Kto,
    /// [`apo_zero_unpaired`](align_losses::apo_zero_unpaired).
    ApoZeroUnpaired,
    /// [`bco`](align_losses::bco).
    Bco,
}

/// Everything a run on judged completions depends on, under the option names of TRL's `KTOConfig` and with its defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct KtoConfig {
    /// The loss: kto, apo_zero_unpaired or bco.
    #[cfg_attr(feature = "clap", arg(long, value_parser = crate::named::parse::<KtoLossType>, default_value = "kto"))]
    pub loss_type: KtoLossType,
    /// Strength of the pull towards the reference: higher stays nearer.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().beta))]
    pub beta: f64,
    /// What desirable completions count for, with kto.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().desirable_weight))]
    pub desirable_weight: f64,
    /// What undesirable completions count for, with kto.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().undesirable_weight))]
    pub undesirable_weight: f64,
    /// Most tokens of a prompt and its completion: the limit with which the rows were encoded, which kto's mismatched
    /// sequences are cut to; the model's own if not given.
    #[cfg_attr(feature = "clap", arg(long))]
    pub max_length: Option<usize>,
    /// How it is trained.
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

impl RunConfig for KtoConfig {
    fn training(&self) -> &TrainingConfig {
        &self.training
    }

    fn validate(&self) -> Result<()> {
        let Self { beta, desirable_weight, undesirable_weight, .. } = *self;
        KtoOptions { beta, desirable_weight, undesirable_weight }.validate()?;
        let weights = [("desirable_weight", desirable_weight), ("undesirable_weight", undesirable_weight)];
        for (option, weight) in weights {
            require(option, self.loss_type == KtoLossType::Kto || weight == 1.0, || {
                format!("is {weight}, which loss_type other than kto would ignore: leave it at 1")
            })?;
        }
        self.training.validate()
    }

    fn tag(&self) -> &'static str {
        "kto"
    }

    fn methods(&self) -> Vec<Method> {
        let (name, paper) = match self.loss_type {
            KtoLossType::Kto => ("KTO", "https://arxiv.org/abs/2402.01306"),
            KtoLossType::ApoZeroUnpaired => ("APO without pairs", "https://arxiv.org/abs/2408.06266"),
            KtoLossType::Bco => ("BCO", "https://arxiv.org/abs/2404.04656"),
        };
        vec![Method { name, paper }]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn weights_that_would_be_ignored_are_refused() {
        KtoConfig::default().validate().unwrap();
        for loss_type in [KtoLossType::Bco, KtoLossType::ApoZeroUnpaired] {
            let config = KtoConfig { loss_type, undesirable_weight: 1.5, ..KtoConfig::default() };
            let problem = config.validate().unwrap_err().to_string();
            assert!(problem.contains("undesirable_weight") && problem.contains("loss_type"), "{problem}");
        }
        let problem = KtoConfig { beta: 0.0, ..KtoConfig::default() }.validate().unwrap_err().to_string();
        assert!(problem.contains("beta"), "{problem}");
    }
}
