use crate::{Error, Pair, Result, check};
use serde::{Deserialize, Serialize};
use tch::Tensor;

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
///
/// The constants, which cancel in a margin, are left out. TRL keeps them, so length-normalised losses differ from TRL's
/// with divergences other than reverse KL: each pair's margin by a constant of its two lengths.
///
/// The exponentials are clamped: exponents stop at 80 as TRL's do (its forward KL has no clamp and overflows), and at
/// `88 + log|c - 1|` where that is lower, so that scores and their differences are finite for every log-ratio that a
/// float32 holds. Beyond the clamp (`h < -80` under forward KL) a score is constant and its gradient zero.
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
        }
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

    /// The score `f'(u)`, up to its constant, of log-ratios `log π - log π_ref` of any shape; differentiable.
    ///
    /// ```
    /// let log_ratios = tch::Tensor::from_slice(&[0.0f64, 2.0]);
    /// let score = align_losses::FDivergence::ForwardKl.score(&log_ratios)?;
    /// assert_eq!(score, tch::Tensor::from_slice(&[-1.0f64, -(-2.0f64).exp()]));
    /// # Ok::<(), align_losses::Error>(())
    /// ```
    ///
    /// # Errors
    /// Log-ratios that are not floating-point, or a coefficient that [`FDivergence::validate`] refuses.
    pub fn score(&self, log_ratio: &Tensor) -> Result<Tensor> {
        self.validate()?;
        check::float("log_ratio", log_ratio)?;
        let h = log_ratio.f_to_kind(check::wide(log_ratio.kind()))?;
        Ok(match *self {
            Self::ReverseKl => h,
            Self::ForwardKl => -exponent(&h, -1.0).exp(),
            Self::JsDivergence => h.log_sigmoid(),
            Self::AlphaDivergence { coefficient: c } => exponent(&h, c - 1.0).exp() / (c - 1.0),
        })
    }

    /// The margin between a pair's scores, `f'(u_chosen) - f'(u_rejected)`; differentiable.
    ///
    /// It is the difference of [`FDivergence::score`]s, computed so that a coefficient near 1 costs no digits.
    ///
    /// # Errors
    /// As [`FDivergence::score`], and shapes that differ.
    pub fn margin(&self, log_ratios: &Pair<Tensor>) -> Result<Tensor> {
        self.validate()?;
        check::shape("log_ratios.rejected", &log_ratios.rejected, &log_ratios.chosen.size())?;
        let scores = match *self {
            Self::AlphaDivergence { coefficient: c } => log_ratios.as_ref().try_map(|h| {
                check::float("log_ratios", h)?;
                let h = h.f_to_kind(check::wide(h.kind()))?;
                Ok::<_, Error>(exponent(&h, c - 1.0).expm1() / (c - 1.0))
            })?,
            _ => log_ratios.as_ref().try_map(|h| self.score(h))?,
        };
        Ok(scores.chosen.f_sub(&scores.rejected)?)
    }
}

/// `factor · h`, clamped to where `exp` of it, divided by `factor`, leaves room in a float32.
fn exponent(h: &Tensor, factor: f64) -> Tensor {
    (h * factor).clamp_max(MAX_EXPONENT.min(LOG_HALF_FLOAT_MAX + factor.abs().ln()))
}
