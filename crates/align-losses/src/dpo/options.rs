use super::LossType;
use crate::{Error, FDivergence, Link, LossOption, MarginLoss, PairLoss, Result, check};
use serde::{Deserialize, Serialize};

/// The options of a [`DpoLoss`](crate::DpoLoss), under TRL's names.
///
/// An option that the loss would ignore is refused: [`LossType::takes`] says which loss takes what.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DpoOptions {
    /// The loss.
    pub loss_type: LossType,
    /// Strength of the pull towards the reference; see the function of each [`LossType`].
    pub beta: f64,
    /// The share of labels taken to be wrong, below 0.5; [`LossType::ExoPair`] needs one above 0.
    pub label_smoothing: f64,
    /// The divergence.
    pub divergence: FDivergence,
    /// The width of [`discopop`](crate::discopop)'s blend; 0.05 unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discopop_tau: Option<f64>,
    /// The weight of [`dpop`](crate::dpop)'s penalty; 50 unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dpop_lambda: Option<f64>,
    /// The price of a token in a [`length_regularised`](crate::length_regularised) margin; free unless given.
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
            discopop_tau: None,
            dpop_lambda: None,
            length_alpha: None,
        }
    }
}

impl DpoOptions {
    /// The options that are given and not every loss takes, with their values.
    pub fn given(&self) -> impl Iterator<Item = (LossOption, String)> {
        let number = |value: Option<f64>| value.map(|value| value.to_string());
        [
            (LossOption::LabelSmoothing, number(Some(self.label_smoothing).filter(|share| *share > 0.0))),
            (
                LossOption::Divergence,
                Some(self.divergence).filter(|d| *d != FDivergence::ReverseKl).map(|d| d.name().to_owned()),
            ),
            (LossOption::DiscopopTau, number(self.discopop_tau)),
            (LossOption::DpopLambda, number(self.dpop_lambda)),
            (LossOption::LengthAlpha, number(self.length_alpha)),
        ]
        .into_iter()
        .filter_map(|(option, value)| Some((option, value?)))
    }

    /// The same options for another loss, without those that it would ignore.
    #[must_use]
    pub fn of(self, loss_type: LossType) -> Self {
        let takes = |option| loss_type.takes(option);
        Self {
            loss_type,
            beta: self.beta,
            label_smoothing: if takes(LossOption::LabelSmoothing) { self.label_smoothing } else { 0.0 },
            divergence: if takes(LossOption::Divergence) { self.divergence } else { FDivergence::ReverseKl },
            discopop_tau: self.discopop_tau.filter(|_| takes(LossOption::DiscopopTau)),
            dpop_lambda: self.dpop_lambda.filter(|_| takes(LossOption::DpopLambda)),
            length_alpha: self.length_alpha.filter(|_| takes(LossOption::LengthAlpha)),
        }
    }

    /// Checks each option's range, and that the loss takes it.
    pub(super) fn validate(&self) -> Result<()> {
        check::beta(self.beta)?;
        check::label_smoothing(self.label_smoothing)?;
        self.divergence.validate()?;
        self.discopop_tau.map_or(Ok(()), |tau| check::above_zero("discopop_tau", tau))?;
        self.dpop_lambda.map_or(Ok(()), |lambda| check::at_least_zero("dpop_lambda", lambda))?;
        self.length_alpha.map_or(Ok(()), |alpha| check::above_zero("length_alpha", alpha))?;
        let loss_type = self.loss_type;
        match self.given().find(|(option, _)| !loss_type.takes(*option)) {
            None => Ok(()),
            Some((option, value)) => Err(Error::IgnoredOption { option, value, loss_type }),
        }
    }

    /// The loss of a link on the margin between summed scores.
    pub(super) fn margin_loss(&self, link: impl Link + 'static) -> Result<Box<dyn PairLoss>> {
        let loss = MarginLoss::new(self.divergence, link, self.beta)?;
        Ok(Box::new(match self.length_alpha {
            None => loss,
            Some(alpha) => loss.with_length_alpha(alpha)?,
        }))
    }

    /// The loss of a link on the margin between a token's mean scores.
    pub(super) fn token_mean_loss(&self, link: impl Link + 'static) -> Result<Box<dyn PairLoss>> {
        Ok(Box::new(MarginLoss::new(self.divergence, link, self.beta)?.a_token()))
    }
}
