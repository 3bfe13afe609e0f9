use super::LossType;
use crate::{Error, FDivergence, LossOption, MarginLoss, PairLoss, Result, SurrogateLoss, check};
use serde::{Deserialize, Serialize};

/// The options of a [`DpoLoss`](crate::DpoLoss), under TRL's names.
///
/// Options that the loss would ignore are rejected. [`LossType::takes`] returns whether a loss takes an option.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DpoOptions {
    /// The loss.
    pub loss_type: LossType,
    /// The strength of the penalty for deviating from the reference model. The function of each [`LossType`] explains its effect.
    pub beta: f64,
    /// The assumed fraction of wrong labels, below 0.5; [`LossType::ExoPair`] needs a value above 0.
    pub label_smoothing: f64,
    /// The divergence from the reference model.
    pub divergence: FDivergence,
    /// Whether the expectation over each pair's probability is taken ([`SoftLabels`](crate::SoftLabels)).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub soft_labels: bool,
    /// The scale α of ODPO's offset ([`odpo_offset`](crate::odpo_offset)); the default is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub odpo_alpha: Option<f64>,
    /// The temperature of [`discopop`](crate::discopop); the default is 0.05.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discopop_tau: Option<f64>,
    /// The weight of the penalty in [`dpop`](crate::dpop); the default is 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dpop_lambda: Option<f64>,
    /// The regularisation per token in a [`length_regularised`](crate::length_regularised) margin; the default is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length_alpha: Option<f64>,
}

impl Default for DpoOptions {
    /// `sigmoid` with `beta` 0.1, as in TRL.
    fn default() -> Self {
        Self {
            loss_type: LossType::Sigmoid,
            beta: 0.1,
            label_smoothing: 0.0,
            divergence: FDivergence::ReverseKl,
            soft_labels: false,
            odpo_alpha: None,
            discopop_tau: None,
            dpop_lambda: None,
            length_alpha: None,
        }
    }
}

impl DpoOptions {
    /// The options that are set and that not every loss takes, with their values.
    pub fn set_options(&self) -> impl Iterator<Item = (LossOption, String)> {
        let number = |value: Option<f64>| value.map(|value| value.to_string());
        [
            (LossOption::LabelSmoothing, number(Some(self.label_smoothing).filter(|share| *share > 0.0))),
            (
                LossOption::Divergence,
                Some(self.divergence).filter(|d| *d != FDivergence::ReverseKl).map(|d| d.name().to_owned()),
            ),
            (LossOption::SoftLabels, self.soft_labels.then(|| self.soft_labels.to_string())),
            (LossOption::OdpoAlpha, number(self.odpo_alpha)),
            (LossOption::DiscopopTau, number(self.discopop_tau)),
            (LossOption::DpopLambda, number(self.dpop_lambda)),
            (LossOption::LengthAlpha, number(self.length_alpha)),
        ]
        .into_iter()
        .filter_map(|(option, value)| Some((option, value?)))
    }

    /// These options for another loss, without the options that it would ignore.
    #[must_use]
    pub fn for_loss(self, loss_type: LossType) -> Self {
        let takes = |option| loss_type.takes(option);
        Self {
            loss_type,
            beta: self.beta,
            label_smoothing: if takes(LossOption::LabelSmoothing) { self.label_smoothing } else { 0.0 },
            divergence: if takes(LossOption::Divergence) { self.divergence } else { FDivergence::ReverseKl },
            soft_labels: self.soft_labels && takes(LossOption::SoftLabels),
            odpo_alpha: self.odpo_alpha.filter(|_| takes(LossOption::OdpoAlpha)),
            discopop_tau: self.discopop_tau.filter(|_| takes(LossOption::DiscopopTau)),
            dpop_lambda: self.dpop_lambda.filter(|_| takes(LossOption::DpopLambda)),
            length_alpha: self.length_alpha.filter(|_| takes(LossOption::LengthAlpha)),
        }
    }

    /// Checks the range of each option, and that the loss takes it.
    pub(super) fn validate(&self) -> Result<()> {
        check::beta(self.beta)?;
        check::label_smoothing(self.label_smoothing)?;
        self.divergence.validate()?;
        self.discopop_tau.map_or(Ok(()), |tau| check::above_zero("discopop_tau", tau))?;
        self.dpop_lambda.map_or(Ok(()), |lambda| check::at_least_zero("dpop_lambda", lambda))?;
        self.length_alpha.map_or(Ok(()), |alpha| check::above_zero("length_alpha", alpha))?;
        self.odpo_alpha.map_or(Ok(()), |alpha| check::above_zero("odpo_alpha", alpha))?;
        if self.soft_labels && self.label_smoothing > 0.0 {
            return Err(Error::SoftLabelsWithSmoothing(self.label_smoothing));
        }
        let loss_type = self.loss_type;
        match self.set_options().find(|(option, _)| !loss_type.takes(*option)) {
            None => Ok(()),
            Some((option, value)) => Err(Error::IgnoredOption { option, value, loss_type }),
        }
    }

    /// The loss with this surrogate loss on the margin between summed scores.
    pub(super) fn margin_loss(&self, surrogate: impl SurrogateLoss + 'static) -> Result<Box<dyn PairLoss>> {
        let loss = self.scored_loss(surrogate)?;
        Ok(Box::new(match self.length_alpha {
            None => loss,
            Some(alpha) => loss.with_length_alpha(alpha)?,
        }))
    }

    /// The loss with this surrogate loss on the margin between mean scores per token.
    pub(super) fn length_normalised_loss(&self, surrogate: impl SurrogateLoss + 'static) -> Result<Box<dyn PairLoss>> {
        Ok(Box::new(self.scored_loss(surrogate)?.length_normalised()))
    }

    fn scored_loss<L: SurrogateLoss>(&self, surrogate: L) -> Result<MarginLoss<FDivergence, L>> {
        let loss = MarginLoss::new(self.divergence, surrogate, self.beta)?;
        Ok(match self.odpo_alpha {
            None => loss,
            Some(alpha) => loss.with_odpo_alpha(alpha)?,
        })
    }
}
