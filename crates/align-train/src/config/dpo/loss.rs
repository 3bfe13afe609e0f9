//! The loss that the options describe.

use super::DpoConfig;
use crate::config::{config_error, require};
use crate::{Error, Result};
use align_data::PairNumber;
use align_losses::{AdaptiveBeta, DpoLoss, DpoOptions, LossType, PairLoss, Penalised, WeightedSum};

/// Momentum of β-DPO's running mean of margins in its authors' code.
const DEFAULT_BETA_DPO_MOMENTUM: f64 = 0.9;

impl DpoConfig {
    /// The loss that these options describe.
    ///
    /// # Errors
    /// Options that are out of range, or that no loss in `loss_type` takes.
    pub fn loss(&self) -> Result<Box<dyn PairLoss>> {
        let loss = match self.loss_type.as_slice() {
            [] => return Err(config_error("loss_type", "is empty: name at least one loss")),
            &[loss_type] => self.single_loss(loss_type)?,
            several => self.weighted_sum(several)?,
        };
        match (self.log_ratio_penalty, self.log_ratio_penalty_coef) {
            (None, None) => Ok(loss),
            (Some(penalty), Some(coefficient)) => Ok(Box::new(Penalised::new(loss, penalty, coefficient)?)),
            (Some(_), None) => Err(config_error("log_ratio_penalty", "has no coefficient: set log_ratio_penalty_coef")),
            (None, Some(_)) => Err(config_error("log_ratio_penalty_coef", "has no effect without log_ratio_penalty")),
        }
    }

    /// β-DPO's initial state, or `None` for a constant beta.
    pub(crate) fn adaptive_beta(&self) -> Result<Option<AdaptiveBeta>> {
        let Some(alpha) = self.beta_dpo_alpha else {
            require("beta_dpo_momentum", self.beta_dpo_momentum.is_none(), || {
                "has no effect without beta_dpo_alpha".into()
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
            format!("is set, but loss_type has a single loss, {loss_type}: name several losses, or remove loss_weights")
        })?;
        Ok(Box::new(DpoLoss::new(self.options(loss_type)?)?))
    }

    /// The weighted sum of several losses (MPO, arXiv:2411.10442). Each loss gets the options that it takes.
    fn weighted_sum(&self, loss_types: &[LossType]) -> Result<Box<dyn PairLoss>> {
        let weights = self.loss_weights.clone().unwrap_or_else(|| vec![1.0; loss_types.len()]);
        require("loss_weights", weights.len() == loss_types.len(), || {
            format!(
                "has {} values for the {} losses in loss_type: give one value per loss",
                weights.len(),
                loss_types.len()
            )
        })?;
        let all = self.options(LossType::default())?;
        for (option, _) in all.set_options() {
            require(option.name(), loss_types.iter().any(|loss_type| loss_type.takes(option)), || {
                format!("would be ignored by every loss in loss_type ({}): remove it", names(loss_types))
            })?;
        }
        let weighted = loss_types.iter().zip(weights).map(|(&loss_type, weight)| {
            let loss = DpoLoss::new(all.for_loss(loss_type))?;
            Ok::<_, Error>((Box::new(loss) as Box<dyn PairLoss>, weight))
        });
        Ok(Box::new(WeightedSum::new(weighted.collect::<Result<_>>()?)?))
    }

    fn options(&self, loss_type: LossType) -> Result<DpoOptions> {
        Ok(DpoOptions {
            loss_type,
            beta: self.beta,
            label_smoothing: self.label_smoothing,
            soft_labels: self.soft_labels,
            odpo_alpha: self.odpo_alpha,
            divergence: self.f_divergence_type.to_divergence(self.f_alpha_divergence_coef)?,
            discopop_tau: self.discopop_tau,
            dpop_lambda: self.dpop_lambda,
            length_alpha: self.length_alpha,
        })
    }

    /// Checks that the loss supports the weighting of tokens and pairs.
    pub(super) fn validate_weighting(&self) -> Result<()> {
        let has_sft = self.loss_type.contains(&LossType::Sft);
        if let Some(alpha) = self.ld_alpha {
            require("ld_alpha", (0.0..=1.0).contains(&alpha), || format!("is {alpha}, expected 0 to 1"))?;
            require("ld_alpha", !has_sft, || {
                "conflicts with loss_type sft, which weights all tokens equally: remove one of the two".into()
            })?;
        }
        require("use_weighting", !self.use_weighting || !has_sft, || {
            "conflicts with loss_type sft, which is one number for the whole batch: remove one of the two".into()
        })?;
        let coupled = self.loss_type.iter().find(|loss_type| loss_type.info().couples_batch);
        match coupled.filter(|_| self.row_weights) {
            None => Ok(()),
            Some(loss_type) => Err(config_error(
                "row_weights",
                format!(
                    "conflicts with loss_type {loss_type}, which depends on the whole batch and not on single pairs: remove one of the two"
                ),
            )),
        }
    }

    /// The numbers of the pairs that the loss uses.
    #[must_use]
    pub fn pair_numbers(&self) -> Vec<PairNumber> {
        let used = [
            (PairNumber::ChosenProbability, self.soft_labels),
            (PairNumber::Margin, self.odpo_alpha.is_some()),
            (PairNumber::Weight, self.row_weights),
        ];
        used.into_iter().filter(|(_, used)| *used).map(|(number, _)| number).collect()
    }
}

fn names(loss_types: &[LossType]) -> String {
    loss_types.iter().map(|loss_type| loss_type.name()).collect::<Vec<_>>().join(", ")
}
