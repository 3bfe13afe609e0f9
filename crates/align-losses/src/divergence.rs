use crate::{Error, Pair, Result, check};
use serde::{Deserialize, Serialize};
use std::fmt::Debug;
use tch::Tensor;

/// What keeps the policy near the reference: the score that a completion gets for its log-ratio `h = log π - log π_ref`.
///
/// For an f-divergence the score is `f'(exp h)` up to a constant (f-DPO, arXiv:2309.16240). One of your own, with any
/// [`Link`](crate::Link) in a [`MarginLoss`](crate::MarginLoss), has everything that the built-in ones have:
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
    /// The score of log-ratios, of their shape; differentiable.
    ///
    /// # Errors
    /// What the formula cannot take.
    fn score(&self, log_ratio: &Tensor) -> Result<Tensor>;

    /// The margin between a pair's scores.
    ///
    /// # Errors
    /// As [`Divergence::score`], and shapes that differ.
    fn margin(&self, log_ratios: &Pair<Tensor>) -> Result<Tensor> {
        let scores = log_ratios.as_ref().try_map(|h| self.score(h))?;
        Ok(scores.chosen.f_sub(&scores.rejected)?)
    }

    /// The score's derivative by the log-ratio, of its shape; `None` leaves it to LibTorch's graph.
    ///
    /// # Errors
    /// As [`Divergence::score`].
    fn slope(&self, log_ratio: &Tensor) -> Result<Option<Tensor>> {
        let _ = log_ratio;
        Ok(None)
    }

    /// Whether the score is the log-ratio itself, as reverse KL's is.
    fn is_identity(&self) -> bool {
        false
    }
}

/// The divergence that keeps the policy near the reference (f-DPO, arXiv:2309.16240), under TRL's names.
///
/// DPO with a divergence `D_f` compares completions by `f'(u)` of the probability ratio `u = π / π_ref` (the paper's
/// table 1); with `h = log u` everything here stays in log space:
///
/// | | `f'(u)` up to a constant | when |
/// | --- | --- | --- |
/// | `reverse_kl` | `h` | standard DPO: seeks modes, highest reward |
/// | `js_divergence` | `log σ(h)` | between the two; growth beyond the reference earns ever less |
/// | `alpha_divergence` | `exp((c - 1) h) / (c - 1)` | interpolates: `c → 1` is reverse KL, `c = 0` forward KL |
/// | `forward_kl` | `-exp(-h)` | covers the reference: diversity over reward |
/// | `chi_squared` | `exp(h) + h` | χPO (arXiv:2407.13399): pessimism that reverse KL lacks, against overoptimisation |
///
/// The constants, which cancel in a margin, are left out. TRL keeps them, so length-normalised losses differ from TRL's
/// with divergences other than reverse KL: each pair's margin by a constant of its two lengths.
///
/// The exponentials are clamped: exponents stop at 80 as TRL's do (its forward KL has no clamp and overflows), and at
/// `88 + log|c - 1|` where that is lower, so that scores and their differences are finite for every log-ratio that a
/// float32 holds. Beyond the clamp (`h < -80` under forward KL) an exponential is constant and its gradient zero; `chi_squared`'s
/// linear part goes on.
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
    /// Jensen-Shannon.
    JsDivergence,
    /// Alpha.
    AlphaDivergence {
        /// TRL's coefficient `c`: any finite number but 1. The paper's alpha is `1 - c`, from 0 to 1; a smaller `c` is
        /// nearer to forward KL.
        coefficient: f64,
    },
    /// Chi-squared and reverse KL together, as χPO has them; TRL does not. Its paper also clips margins, to a bound on
    /// the reward that is rarely known; here nothing is clipped but the exponent.
    ChiSquared,
}

/// Largest exponent of a score, as in TRL: `exp(80)` is 5.5e34.
const MAX_EXPONENT: f64 = 80.0;
/// `exp` of it is half the largest float32, so that two such scores have a finite difference.
const LOG_HALF_FLOAT_MAX: f64 = 88.0;
/// TRL takes coefficients nearer to 1 than this for reverse KL.
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

    /// The name, as TRL spells it; that of the alpha divergence is without its coefficient.
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
        Ok(log_ratio.f_to_kind(check::wide(log_ratio.kind()))?)
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

    fn slope(&self, log_ratio: &Tensor) -> Result<Option<Tensor>> {
        let h = self.checked(log_ratio)?;
        Ok(Some(match *self {
            Self::ReverseKl => h.f_ones_like()?,
            Self::ForwardKl => exp_slope(&h, -1.0)?,
            Self::JsDivergence => (-h).f_sigmoid_()?,
            Self::AlphaDivergence { coefficient: c } => exp_slope(&h, c - 1.0)?,
            Self::ChiSquared => exp_slope(&h, 1.0)?.f_add_scalar_(1.0)?,
        }))
    }

    fn is_identity(&self) -> bool {
        *self == Self::ReverseKl
    }
}

/// `factor · h`, clamped to where `exp` of it, divided by `factor`, leaves room in a float32.
fn exponent(h: &Tensor, factor: f64) -> Tensor {
    (h * factor).clamp_max(largest_exponent(factor))
}

/// The derivative of `exp(exponent(h, factor)) / factor`: 0 beyond the clamp.
fn exp_slope(h: &Tensor, factor: f64) -> Result<Tensor> {
    let mut exponent = h.f_mul_scalar(factor)?;
    let clamped = exponent.f_gt(largest_exponent(factor))?;
    Ok(exponent.f_masked_fill_(&clamped, f64::NEG_INFINITY)?.f_exp_()?)
}

fn largest_exponent(factor: f64) -> f64 {
    MAX_EXPONENT.min(LOG_HALF_FLOAT_MAX + factor.abs().ln())
}
