use super::{PrefixSharing, TrainingConfig, require};
use crate::{CpoLossType, Method, Result, RunConfig, metric_names};
use align_losses::{CpoOptions, LossOption};
use serde::{Deserialize, Serialize};

/// TRL's default weight of the negative log-likelihood term.
const DEFAULT_CPO_ALPHA: f64 = 1.0;

/// Options of a run without a reference model, with the names and defaults of TRL's `CPOConfig` and `ORPOConfig`. `None` means that the
/// default depends on the loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct CpoConfig {
    /// Loss function. `align losses` explains each.
    #[cfg_attr(feature = "clap", arg(long, value_parser = crate::option_names::losses::<CpoLossType>(CpoLossType::names_and_info()), default_value = "sigmoid"))]
    pub loss_type: CpoLossType,
    /// Scale of the rewards in the loss. With orpo (arXiv:2403.07691): weight of the odds-ratio term. Higher values give the preferences
    /// more weight.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().beta))]
    pub beta: f64,
    /// Assumed fraction of pairs with chosen and rejected swapped, from 0 to below 0.5. Higher values trust each pair less. Requires
    /// `loss_type` sigmoid or simpo.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().label_smoothing))]
    pub label_smoothing: f64,
    /// CPO (arXiv:2401.08417): weight of the negative log-likelihood per token of the chosen completions. Higher values imitate these
    /// more [default: 1]. Not allowed with orpo, where it is 1.
    #[cfg_attr(feature = "clap", arg(long))]
    pub cpo_alpha: Option<f64>,
    /// SimPO (arXiv:2405.14734): target reward margin. Higher values separate chosen and rejected completions more [default: 0.5]. Requires `loss_type` simpo.
    #[cfg_attr(feature = "clap", arg(long))]
    pub simpo_gamma: Option<f64>,
    /// AlphaPO (arXiv:2501.03884): shape of the reward. Values further from 0 bend it more [default: 0, the log-probability as in SimPO]. Requires `loss_type` simpo.
    #[cfg_attr(feature = "clap", arg(long))]
    pub alpha: Option<f64>,
    /// SLiC-HF (arXiv:2305.10425): target margin between log-probabilities. Higher values separate the completions more [default: 1]. Requires `loss_type` slic_hf.
    #[cfg_attr(feature = "clap", arg(long))]
    pub slic_delta: Option<f64>,
    /// Compute common prefixes of the sequences of a forward pass once: the prompt of a pair with any equal tokens after it, and the common
    /// beginning of different prompts, such as a system message. Gives the same gradient. With dropout, auto means off.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value = "auto"))]
    pub prefix_sharing: PrefixSharing,
    /// Options common to all objectives.
    #[cfg_attr(feature = "clap", command(flatten))]
    pub training: TrainingConfig,
}

impl Default for CpoConfig {
    fn default() -> Self {
        Self {
            loss_type: CpoLossType::Sigmoid,
            beta: 0.1,
            label_smoothing: 0.0,
            cpo_alpha: None,
            simpo_gamma: None,
            alpha: None,
            slic_delta: None,
            prefix_sharing: PrefixSharing::Auto,
            training: TrainingConfig::default(),
        }
    }
}

impl RunConfig for CpoConfig {
    fn training(&self) -> &TrainingConfig {
        &self.training
    }

    fn training_mut(&mut self) -> &mut TrainingConfig {
        &mut self.training
    }

    fn prefix_sharing(&self) -> PrefixSharing {
        self.prefix_sharing.off_with_dropout(&self.training)
    }

    fn validate(&self) -> Result<()> {
        let loss_type = self.loss_type;
        let number = |option, value: f64, good: bool, expected: &str| {
            require(option, good && value.is_finite(), || format!("is {value}, expected {expected}"))
        };
        number("beta", self.beta, self.beta > 0.0, "a number above 0")?;
        let smoothing = self.label_smoothing;
        number("label_smoothing", smoothing, (0.0..0.5).contains(&smoothing), "at least 0 and below 0.5")?;
        for (option, value) in
            [("cpo_alpha", self.cpo_alpha), ("simpo_gamma", self.simpo_gamma), ("slic_delta", self.slic_delta)]
        {
            value.map_or(Ok(()), |value| number(option, value, value >= 0.0, "0 or more"))?;
        }
        self.alpha.map_or(Ok(()), |alpha| number("alpha", alpha, true, "a finite number"))?;
        for (option, given) in [
            (LossOption::LabelSmoothing, smoothing > 0.0),
            (LossOption::CpoAlpha, self.cpo_alpha.is_some()),
            (LossOption::SimpoGamma, self.simpo_gamma.is_some()),
            (LossOption::Alpha, self.alpha.is_some()),
            (LossOption::SlicDelta, self.slic_delta.is_some()),
        ] {
            require(option.name(), loss_type.takes(option) || !given, || {
                format!("would be ignored by loss_type {loss_type}: remove it")
            })?;
        }
        self.prefix_sharing.validate(&self.training)?;
        self.training.validate()?;
        metric_names::check(self)
    }

    fn evaluation_metrics(&self) -> Option<Vec<&'static str>> {
        Some(metric_names::cpo(self.loss_type))
    }

    fn tag(&self) -> &'static str {
        if self.loss_type == CpoLossType::Orpo { "orpo" } else { "cpo" }
    }

    fn methods(&self) -> Vec<Method> {
        let info = self.loss_type.info();
        let with = info.methods_with.iter().find(|(option, _)| *option == LossOption::Alpha && self.alpha.is_some());
        vec![with.map_or(info.method, |(_, method)| *method)]
    }
}

impl CpoConfig {
    /// The weight of the negative log-likelihood of the chosen completions.
    pub(crate) fn nll_weight(&self) -> f64 {
        if self.loss_type == CpoLossType::Orpo { 1.0 } else { self.cpo_alpha.unwrap_or(DEFAULT_CPO_ALPHA) }
    }

    /// The options of the loss.
    pub(crate) fn options(&self) -> CpoOptions {
        let Self { beta, label_smoothing, simpo_gamma, alpha, slic_delta, .. } = *self;
        CpoOptions { beta, label_smoothing, simpo_gamma, alpha, slic_delta }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn options_that_would_be_ignored_are_rejected() {
        CpoConfig::default().validate().unwrap();
        let assert_rejected = |config: CpoConfig, option: &str| {
            let problem = config.validate().unwrap_err().to_string();
            let loss_type = config.loss_type.to_string();
            assert!(problem.contains(option) && problem.contains(&loss_type), "{problem}");
        };
        let of = |loss_type| CpoConfig { loss_type, ..CpoConfig::default() };
        assert_rejected(CpoConfig { label_smoothing: 0.1, ..of(CpoLossType::Hinge) }, "label_smoothing");
        assert_rejected(CpoConfig { cpo_alpha: Some(1.0), ..of(CpoLossType::Orpo) }, "cpo_alpha");
        assert_rejected(CpoConfig { simpo_gamma: Some(1.0), ..of(CpoLossType::Sigmoid) }, "simpo_gamma");
        assert_rejected(CpoConfig { alpha: Some(1.0), ..of(CpoLossType::Ipo) }, "alpha");
        assert_rejected(CpoConfig { slic_delta: Some(1.0), ..of(CpoLossType::Simpo) }, "slic_delta");
        let problem = CpoConfig { beta: f64::NAN, ..CpoConfig::default() }.validate().unwrap_err().to_string();
        assert!(problem.contains("beta"), "{problem}");
    }
}
