//! The options of the loss.

use super::DpoConfig;
use crate::config::{refusal, require};
use crate::{Error, Result};
use align_losses::{AdaptiveBeta, DpoLoss, DpoOptions, LossType, PairLoss, Penalised, WeightedSum};

/// What β-DPO's running mean of margins keeps of itself, in its authors' code.
const DEFAULT_BETA_DPO_MOMENTUM: f64 = 0.9;

impl DpoConfig {
    /// The loss that these options describe.
    ///
    /// # Errors
    /// Options that the loss refuses, or that none of several losses takes.
    pub fn loss(&self) -> Result<Box<dyn PairLoss>> {
        let loss = match self.loss_type.as_slice() {
            [] => return Err(refusal("loss_type", "is empty: name a loss")),
            &[loss_type] => self.single_loss(loss_type)?,
            several => self.weighted_sum(several)?,
        };
        match (self.log_ratio_penalty, self.log_ratio_penalty_coef) {
            (None, None) => Ok(loss),
            (Some(penalty), Some(coefficient)) => Ok(Box::new(Penalised::new(loss, penalty, coefficient)?)),
            (Some(_), None) => Err(refusal("log_ratio_penalty", "counts for nothing: set log_ratio_penalty_coef")),
            (None, Some(_)) => Err(refusal("log_ratio_penalty_coef", "has an effect with log_ratio_penalty only")),
        }
    }

    /// β-DPO's beta before its first batch; none if beta stands still.
    pub(crate) fn adaptive_beta(&self) -> Result<Option<AdaptiveBeta>> {
        let Some(alpha) = self.beta_dpo_alpha else {
            require("beta_dpo_momentum", self.beta_dpo_momentum.is_none(), || {
                "has an effect with beta_dpo_alpha only".into()
            })?;
            return Ok(None);
        };
        require("beta_dpo_alpha", alpha > 0.0 && alpha.is_finite(), || format!("is {alpha}, expected above 0"))?;
        require("beta_dpo_alpha", self.loss_type.iter().any(|loss_type| *loss_type != LossType::Sft), || {
            "would be ignored by loss_type sft, which has no beta".into()
        })?;
        let momentum = self.beta_dpo_momentum.unwrap_or(DEFAULT_BETA_DPO_MOMENTUM);
        require("beta_dpo_momentum", (0.0..1.0).contains(&momentum), || {
            format!("is {momentum}, expected at least 0 and below 1")
        })?;
        Ok(Some(AdaptiveBeta::new(self.beta, alpha, momentum)?))
    }

    fn single_loss(&self, loss_type: LossType) -> Result<Box<dyn PairLoss>> {
        require("loss_weights", self.loss_weights.is_none(), || {
            format!("stands beside the one loss_type {loss_type}: name several losses, or leave it out")
        })?;
        Ok(Box::new(DpoLoss::new(self.options(loss_type)?)?))
    }

    /// Several losses, each with those of the options that it takes (MPO, arXiv:2411.10442).
    fn weighted_sum(&self, loss_types: &[LossType]) -> Result<Box<dyn PairLoss>> {
        let weights = self.loss_weights.clone().unwrap_or_else(|| vec![1.0; loss_types.len()]);
        require("loss_weights", weights.len() == loss_types.len(), || {
            format!("has {} numbers for the {} losses of loss_type", weights.len(), loss_types.len())
        })?;
        let all = self.options(LossType::default())?;
        for (option, _) in all.given() {
            require(option.name(), loss_types.iter().any(|loss_type| loss_type.takes(option)), || {
                format!("would be ignored by every loss_type of {}", names(loss_types))
            })?;
        }
        let weighted = loss_types.iter().zip(weights).map(|(&loss_type, weight)| {
            let loss = DpoLoss::new(all.of(loss_type))?;
            Ok::<_, Error>((Box::new(loss) as Box<dyn PairLoss>, weight))
        });
        Ok(Box::new(WeightedSum::new(weighted.collect::<Result<_>>()?)?))
    }

    fn options(&self, loss_type: LossType) -> Result<DpoOptions> {
        Ok(DpoOptions {
            loss_type,
            beta: self.beta,
            label_smoothing: self.label_smoothing,
            divergence: self.f_divergence_type.with_coefficient(self.f_alpha_divergence_coef)?,
            discopop_tau: self.discopop_tau,
            dpop_lambda: self.dpop_lambda,
            length_alpha: self.length_alpha,
        })
    }

    /// Checks the options of tokens and pairs against the loss.
    pub(super) fn validate_tokens(&self) -> Result<()> {
        let has_sft = self.loss_type.contains(&LossType::Sft);
        if let Some(alpha) = self.ld_alpha {
            require("ld_alpha", (0.0..=1.0).contains(&alpha), || format!("is {alpha}, expected 0 to 1"))?;
            require("ld_alpha", !has_sft, || {
                "stands beside loss_type sft, whose likelihood is of all tokens alike".into()
            })?;
        }
        require("use_weighting", !self.use_weighting || !has_sft, || {
            "stands beside loss_type sft, which is one number for the whole batch, not a pair's".into()
        })
    }
}

fn names(loss_types: &[LossType]) -> String {
    loss_types.iter().map(|loss_type| loss_type.name()).collect::<Vec<_>>().join(", ")
}
