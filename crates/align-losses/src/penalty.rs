use crate::pair_loss::mean_over_pairs;
use crate::{Mean, Pair, PairLogps, PairLoss, Result, check};
use serde::{Deserialize, Serialize};
use std::fmt::Debug;
use tch::Tensor;

/// A penalty on log-ratios that is added to a preference loss: a smooth function.
///
/// ```
/// use {align_losses::{Penalty, Result}, tch::Tensor};
/// #[derive(Debug)]
/// struct Cosh; // symmetric, with an increasing slope
/// impl Penalty for Cosh {
///     fn penalty(&self, log_ratio: &Tensor) -> Result<Tensor> {
///         Ok(log_ratio.clamp(-80.0, 80.0).cosh() - 1.0)
///     }
/// }
/// assert_eq!(Cosh.penalty(&Tensor::from_slice(&[0.0f64]))?, Tensor::from_slice(&[0.0f64]));
/// # Ok::<(), align_losses::Error>(())
/// ```
pub trait Penalty: Debug {
    /// The penalty of each log-ratio `h = log π - log π_ref`, of their shape; differentiable.
    ///
    /// # Errors
    /// Inputs for which the formula is not defined.
    fn penalty(&self, log_ratio: &Tensor) -> Result<Tensor>;
}

/// The built-in penalties. Each is monotone in the log-ratio `h` or in its absolute value.
///
/// ```
/// use {align_losses::{LogRatioPenalty, Penalty}, tch::Tensor};
/// let h = Tensor::from_slice(&[-2.0f64, 0.0, 2.0]);
/// assert_eq!(LogRatioPenalty::Square.penalty(&h)?, Tensor::from_slice(&[4.0f64, 0.0, 4.0]));
/// # Ok::<(), align_losses::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LogRatioPenalty {
    /// `h²`: penalises deviations from the reference probability in both directions.
    #[default]
    Square,
    /// `√(1 + h²) - 1`: quadratic near 0 and with a slope of at most 1, so that outliers do not dominate.
    PseudoHuber,
    /// `log(1 + exp(h))`: penalises completions that became more likely, and others very little.
    Softplus,
    /// `exp(h) - 1`, the probability ratio minus 1, with the exponent clamped to at most 80: like `Softplus`, but much steeper.
    Exponential,
}

impl Penalty for LogRatioPenalty {
    fn penalty(&self, log_ratio: &Tensor) -> Result<Tensor> {
        check::float("log_ratio", log_ratio)?;
        let h = log_ratio;
        Ok(match self {
            Self::Square => h.square(),
            Self::PseudoHuber => (h.square() + 1.0).sqrt() - 1.0,
            Self::Softplus => -(-h).log_sigmoid(),
            Self::Exponential => h.clamp_max(80.0).expm1(),
        })
    }
}

/// A preference loss plus a [`Penalty`]: `ℓ + c (ρ(h_chosen) + ρ(h_rejected))` with log-ratios `h`, penalty `ρ` and
/// coefficient `c`.
///
/// DPO itself only penalises the difference of the two log-ratios. This penalty applies to each of them.
///
/// ```
/// use {align_losses::{DpoLoss, DpoOptions, LogRatioPenalty, Pair, PairLogps, PairLoss, Penalised}, tch::Tensor};
/// let loss = Penalised::new(DpoLoss::new(DpoOptions::default())?, LogRatioPenalty::Square, 0.5)?;
/// let at = |c: f64, r: f64| Pair { chosen: c, rejected: r }.map(|x| Tensor::from_slice(&[x]));
/// let found = loss.evaluate(&PairLogps::new(&at(-12.0, -15.0), &at(-13.0, -16.0))?)?;
/// assert!((found.losses.double_value(&[0]) - (2f64.ln() + 0.5 * 2.0)).abs() < 1e-12);
/// # Ok::<(), align_losses::Error>(())
/// ```
#[derive(Debug)]
pub struct Penalised<L, P> {
    loss: L,
    penalty: P,
    coefficient: f64,
}

impl<L: PairLoss, P: Penalty> Penalised<L, P> {
    /// `loss` plus `coefficient` times `penalty`.
    ///
    /// # Errors
    /// A `coefficient` that is not a finite number above 0.
    pub fn new(loss: L, penalty: P, coefficient: f64) -> Result<Self> {
        check::above_zero("log_ratio_penalty_coef", coefficient)?;
        Ok(Self { loss, penalty, coefficient })
    }
}

impl<L: PairLoss, P: Penalty> Penalised<L, P> {
    /// The penalty of each pair, `(batch,)`.
    fn penalties(&self, logps: &PairLogps) -> Result<Tensor> {
        let Pair { chosen, rejected } = logps.log_ratios().as_ref().try_map(|h| self.penalty.penalty(h))?;
        Ok(chosen.f_add(&rejected)?.f_mul_scalar(self.coefficient)?)
    }
}

impl<L: PairLoss, P: Penalty> PairLoss for Penalised<L, P> {
    fn losses(&self, logps: &PairLogps) -> Result<Tensor> {
        Ok(self.loss.losses(logps)?.f_add(&self.penalties(logps)?)?)
    }

    fn beta(&self) -> f64 {
        self.loss.beta()
    }

    fn couples_batch(&self) -> bool {
        self.loss.couples_batch()
    }

    fn loss_terms(&self, logps: &PairLogps) -> Result<Vec<Mean>> {
        let mut means = self.loss.loss_terms(logps)?;
        means.push(mean_over_pairs(self.penalties(logps)?, logps)?);
        Ok(means)
    }

    fn mean_depends_on_batch_size(&self) -> bool {
        self.loss.mean_depends_on_batch_size()
    }
}
