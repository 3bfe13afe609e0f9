use crate::{Error, Pair, Result, check};
use serde::{Deserialize, Serialize};
use std::fmt::Debug;
use tch::Tensor;

/// A divergence between policy and reference model. It defines the score of a completion with log-ratio `h = log π - log π_ref`.
///
/// For an f-divergence, the score is `f'(exp h)` up to a constant (f-DPO, arXiv:2309.16240). A custom divergence works with any
/// [`SurrogateLoss`](crate::SurrogateLoss) in a [`MarginLoss`](crate::MarginLoss), like the built-in ones:
///
/// ```
/// use {align_losses::{Divergence, Hinge, MarginLoss, Pair, PairLogps, PairLoss, Result}, tch::Tensor};
/// #[derive(Debug)]
/// struct Hellinger; // f(u) = (1 - √u)², f'(u) = 1 - u^(-1/2)
/// impl Divergence for Hellinger {
///     fn score(&self, log_ratio: &Tensor) -> Result<Tensor> {
///         Ok(1.0 - (log_ratio * -0.5).clamp_max(80.0).exp())
///     }
/// }
/// let loss = MarginLoss::new(Hellinger, Hinge, 0.1)?;
/// let logps = Pair { chosen: Tensor::from_slice(&[-12.0f32]), rejected: Tensor::from_slice(&[-15.0f32]) };
/// let (_, gradient) = loss.evaluate_with_gradient(&PairLogps::new(&logps, &logps)?)?;
/// assert_eq!(gradient.chosen, Tensor::from_slice(&[-0.05f32])); // -β ½
/// # Ok::<(), align_losses::Error>(())
/// ```
pub trait Divergence: Debug {
    /// The scores of log-ratios, of the same shape; differentiable. Each score depends on its own log-ratio only.
    ///
    /// # Errors
    /// Inputs for which the formula is not defined.
    fn score(&self, log_ratio: &Tensor) -> Result<Tensor>;

    /// The margin between a pair's scores.
    ///
    /// # Errors
    /// Those of [`Divergence::score`], or shapes that differ.
    fn margin(&self, log_ratios: &Pair<Tensor>) -> Result<Tensor> {
        let scores = log_ratios.as_ref().try_map(|h| self.score(h))?;
        Ok(scores.chosen.f_sub(&scores.rejected)?)
    }

    /// The derivative of the score with respect to the log-ratio, of the same shape. `None` to use autograd.
    ///
    /// # Errors
    /// Those of [`Divergence::score`].
    fn derivative(&self, log_ratio: &Tensor) -> Result<Option<Tensor>> {
        let _ = log_ratio;
        Ok(None)
    }

    /// Whether the score equals the log-ratio, as for reverse KL.
    fn is_identity(&self) -> bool {
        false
    }
}

/// The built-in f-divergences (f-DPO, arXiv:2309.16240), under TRL's names.
///
/// DPO with a divergence `D_f` compares completions by `f'(u)` of the probability ratio `u = π / π_ref` (table 1 of the paper). With
/// `h = log u`, all computations stay in log space:
///
/// | | `f'(u)` up to a constant | properties |
/// | --- | --- | --- |
/// | `reverse_kl` | `h` | standard DPO: mode-seeking, highest reward |
/// | `js_divergence` | `log σ(h)` | between the two KL divergences; the score saturates above the reference |
/// | `alpha_divergence` | `exp((c - 1) h) / (c - 1)` | interpolates: `c → 1` is reverse KL, `c = 0` forward KL |
/// | `forward_kl` | `-exp(-h)` | mass-covering: more diversity, less reward |
/// | `chi_squared` | `exp(h) + h` | χPO (arXiv:2407.13399): more pessimistic than reverse KL, against overoptimisation |
///
/// Constants, which cancel in a margin, are omitted. TRL keeps them, so with divergences other than reverse KL length-normalised losses
/// differ from TRL's: the margin of each pair differs by a constant that depends on its two lengths.
///
/// Exponents are clamped to at most 80, as in TRL (except its forward KL, which has no clamp and overflows), and to `88 + log|c - 1|` if that
/// is lower. So scores and their differences are finite for every finite float32 log-ratio. Beyond the clamp (`h < -80` with forward KL) an
/// exponential is constant and its gradient is zero; the linear part of `chi_squared` is not clamped.
///
/// ```
/// use align_losses::Divergence;
/// let log_ratios = tch::Tensor::from_slice(&[0.0f64, 2.0]);
/// let score = align_losses::FDivergence::ForwardKl.score(&log_ratios)?;
/// assert_eq!(score, tch::Tensor::from_slice(&[-1.0f64, -(-2.0f64).exp()]));
/// # Ok::<(), align_losses::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FDivergence {
    /// `D_KL(π ‖ π_ref)`.
    #[default]
    ReverseKl,
    /// `D_KL(π_ref ‖ π)`.
    ForwardKl,
    /// Jensen-Shannon divergence.
    JsDivergence,
    /// Alpha divergence.
    AlphaDivergence {
        /// TRL's coefficient `c`: any finite number except 1. The paper's alpha is `1 - c`, from 0 to 1. Smaller values of `c` are closer to
        /// forward KL.
        coefficient: f64,
    },
    /// The sum of chi-squared and reverse KL divergence, as in χPO. Not in TRL. The χPO paper also clips margins to a bound on the reward,
    /// which is rarely known; here only the exponent is clamped.
    ChiSquared,
}

/// Largest exponent of a score, as in TRL: `exp(80)` is 5.5e34.
const MAX_EXPONENT: f64 = 80.0;
/// `exp` of it is half the largest float32, so that two such scores have a finite difference.
const LOG_HALF_FLOAT_MAX: f64 = 88.0;
/// TRL treats coefficients within this distance of 1 as reverse KL.
const REVERSE_KL_LIMIT: f64 = 1e-6;

impl FDivergence {
    /// The alpha divergence with TRL's coefficient.
    ///
    /// # Errors
    /// A coefficient that is not finite, or 1, where the divergence is reverse KL.
    pub fn alpha(coefficient: f64) -> Result<Self> {
        let divergence = Self::AlphaDivergence { coefficient };
        divergence.validate()?;
        Ok(divergence)
    }

    /// TRL's name, without the coefficient of the alpha divergence.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReverseKl => "reverse_kl",
            Self::ForwardKl => "forward_kl",
            Self::JsDivergence => "js_divergence",
            Self::AlphaDivergence { .. } => "alpha_divergence",
            Self::ChiSquared => "chi_squared",
        }
    }

    fn checked(&self, log_ratio: &Tensor) -> Result<Tensor> {
        self.validate()?;
        check::float("log_ratio", log_ratio)?;
        Ok(log_ratio.f_to_kind(check::compute_kind(log_ratio.kind()))?)
    }

    /// Checks the alpha divergence's coefficient; every function that uses a divergence does so too.
    ///
    /// # Errors
    /// As [`FDivergence::alpha`].
    pub fn validate(&self) -> Result<()> {
        match *self {
            Self::AlphaDivergence { coefficient: c } if !c.is_finite() || (c - 1.0).abs() < REVERSE_KL_LIMIT => {
                Err(Error::Hyperparameter {
                    name: "alpha_divergence's coefficient",
                    expected: "a finite number other than 1 (in that limit it is reverse_kl: use that)",
                    found: c,
                })
            }
            _ => Ok(()),
        }
    }
}

impl Divergence for FDivergence {
    fn score(&self, log_ratio: &Tensor) -> Result<Tensor> {
        let h = self.checked(log_ratio)?;
        Ok(match *self {
            Self::ReverseKl => h,
            Self::ForwardKl => -exponent(&h, -1.0).exp(),
            Self::JsDivergence => h.log_sigmoid(),
            Self::AlphaDivergence { coefficient: c } => exponent(&h, c - 1.0).exp() / (c - 1.0),
            Self::ChiSquared => exponent(&h, 1.0).exp() + h,
        })
    }

    /// The difference of the scores, computed so that an alpha coefficient near 1 costs no digits.
    fn margin(&self, log_ratios: &Pair<Tensor>) -> Result<Tensor> {
        check::shape("log_ratios.rejected", &log_ratios.rejected, &log_ratios.chosen.size())?;
        let scores = log_ratios.as_ref().try_map(|h| match *self {
            Self::AlphaDivergence { coefficient: c } => Ok(exponent(&self.checked(h)?, c - 1.0).expm1() / (c - 1.0)),
            _ => self.score(h),
        })?;
        Ok(scores.chosen.f_sub(&scores.rejected)?)
    }

    fn derivative(&self, log_ratio: &Tensor) -> Result<Option<Tensor>> {
        let h = self.checked(log_ratio)?;
        Ok(Some(match *self {
            Self::ReverseKl => h.f_ones_like()?,
            Self::ForwardKl => exp_derivative(&h, -1.0)?,
            Self::JsDivergence => (-h).f_sigmoid_()?,
            Self::AlphaDivergence { coefficient: c } => exp_derivative(&h, c - 1.0)?,
            Self::ChiSquared => exp_derivative(&h, 1.0)?.f_add_scalar_(1.0)?,
        }))
    }

    fn is_identity(&self) -> bool {
        *self == Self::ReverseKl
    }
}

/// `factor · h`, clamped so that `exp` of it, divided by `factor`, is finite in float32.
fn exponent(h: &Tensor, factor: f64) -> Tensor {
    (h * factor).clamp_max(largest_exponent(factor))
}

/// The derivative of `exp(exponent(h, factor)) / factor`: 0 beyond the clamp.
fn exp_derivative(h: &Tensor, factor: f64) -> Result<Tensor> {
    let mut exponent = h.f_mul_scalar(factor)?;
    let clamped = exponent.f_gt(largest_exponent(factor))?;
    Ok(exponent.f_masked_fill_(&clamped, f64::NEG_INFINITY)?.f_exp_()?)
}

fn largest_exponent(factor: f64) -> f64 {
    MAX_EXPONENT.min(LOG_HALF_FLOAT_MAX + factor.abs().ln())
}
