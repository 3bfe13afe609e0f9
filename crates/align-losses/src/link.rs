use crate::{Result, discopop, gpo, noisy, preference, side_slopes, square::square_slope};
use serde::{Deserialize, Serialize};
use std::fmt::Debug;
use tch::Tensor;

/// A function that turns a pair's margin into its loss: convex and falling in generalised preference optimisation
/// (arXiv:2402.05749), where DPO, SLiC and IPO differ by nothing else.
///
/// One of your own in a [`MarginLoss`](crate::MarginLoss) has everything that the built-in ones have:
///
/// ```
/// use {align_losses::{FDivergence, Link, MarginLoss, Pair, PairLogps, PairLoss, Result}, tch::Tensor};
/// #[derive(Debug)]
/// struct Cubic;
/// impl Link for Cubic {
///     fn loss(&self, margin: &Tensor, beta: f64) -> Result<Tensor> {
///         Ok((1.0f64 - beta * margin).relu().pow_tensor_scalar(3.0))
///     }
/// }
/// let loss = MarginLoss::new(FDivergence::JsDivergence, Cubic, 0.1)?;
/// let logps = Pair { chosen: Tensor::from_slice(&[-12.0f32]), rejected: Tensor::from_slice(&[-15.0f32]) };
/// let (found, _gradient) = loss.evaluate_with_gradient(&PairLogps::new(&logps, &logps)?)?;
/// assert_eq!(found.losses, Tensor::from_slice(&[1.0f32]));
/// # Ok::<(), align_losses::Error>(())
/// ```
pub trait Link: Debug {
    /// The loss of each margin between scores, of its shape; differentiable. A reward margin is `beta · margin`.
    ///
    /// # Errors
    /// What the formula cannot take.
    fn loss(&self, margin: &Tensor, beta: f64) -> Result<Tensor>;

    /// Its derivative by the margin, of the margin's shape; `None` leaves it to LibTorch's graph.
    ///
    /// # Errors
    /// As [`Link::loss`].
    fn slope(&self, margin: &Tensor, beta: f64) -> Result<Option<Tensor>> {
        let _ = (margin, beta);
        Ok(None)
    }
}

/// The links that this crate knows, each a function of its own; `m` stands for the margin, `ε` for `label_smoothing`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MarginLink {
    /// [`conservative_sigmoid`](crate::conservative_sigmoid), which at 0 is [`sigmoid`](crate::sigmoid).
    Sigmoid {
        /// The share of labels taken to be wrong.
        label_smoothing: f64,
    },
    /// [`hinge`](crate::hinge).
    Hinge,
    /// [`ipo_sum`](crate::ipo_sum).
    Ipo,
    /// [`exo_pair`](crate::exo_pair).
    ExoPair {
        /// The share of labels taken to be wrong, above 0.
        label_smoothing: f64,
    },
    /// [`robust`](crate::robust).
    Robust {
        /// The share of labels taken to be wrong.
        label_smoothing: f64,
    },
    /// [`discopop`](crate::discopop).
    Discopop {
        /// The width of its blend.
        tau: f64,
    },
    /// [`squared`](crate::squared).
    Squared,
    /// [`exponential`](crate::exponential).
    Exponential,
    /// [`truncated_quadratic`](crate::truncated_quadratic).
    TruncatedQuadratic,
    /// [`savage`](crate::savage).
    Savage,
}

impl Link for MarginLink {
    fn loss(&self, margin: &Tensor, beta: f64) -> Result<Tensor> {
        match *self {
            Self::Sigmoid { label_smoothing } => preference::conservative_sigmoid(margin, beta, label_smoothing),
            Self::Hinge => preference::hinge(margin, beta),
            Self::Ipo => preference::ipo_sum(margin, beta),
            Self::ExoPair { label_smoothing } => noisy::exo_pair(margin, beta, label_smoothing),
            Self::Robust { label_smoothing } => noisy::robust(margin, beta, label_smoothing),
            Self::Discopop { tau } => discopop::discopop(margin, beta, tau),
            Self::Squared => gpo::squared(margin, beta),
            Self::Exponential => gpo::exponential(margin, beta),
            Self::TruncatedQuadratic => gpo::truncated_quadratic(margin, beta),
            Self::Savage => gpo::savage(margin, beta),
        }
    }

    fn slope(&self, margin: &Tensor, beta: f64) -> Result<Option<Tensor>> {
        let x = || margin.f_mul_scalar(beta);
        let wrong = || Ok::<_, crate::Error>(margin.f_mul_scalar(-beta)?.f_sigmoid_()?); // σ(-x)
        Ok(Some(match *self {
            // β (ε - σ(-x))
            Self::Sigmoid { label_smoothing } => side_slopes::logistic(margin, beta, label_smoothing, 1.0)?,
            // -β where x < 1
            Self::Hinge => x()?.f_lt(1.0)?.f_to_kind(margin.kind())?.f_mul_scalar_(-beta)?,
            // 2 (m - 1 / 2β)
            Self::Ipo => square_slope(&margin.f_sub_scalar(0.5 / beta)?)?,
            // β σ(x) σ(-x) (x - log((1 - ε) / ε))
            Self::ExoPair { label_smoothing } => {
                let balanced = ((1.0 - label_smoothing) / label_smoothing).ln();
                let wrong = wrong()?;
                let variance = wrong.f_neg()?.f_add_scalar_(1.0)?.f_mul_(&wrong)?;
                x()?.f_sub_scalar_(balanced)?.f_mul_(&variance)?.f_mul_scalar_(beta)?
            }
            // -β (σ(-x) + ε / (1 - 2ε))
            Self::Robust { label_smoothing } => {
                let flipped = label_smoothing / (1.0 - 2.0 * label_smoothing);
                wrong()?.f_add_scalar_(flipped)?.f_mul_scalar_(-beta)?
            }
            Self::Discopop { tau } => discopop::slope(margin, beta, tau)?,
            // -2β (1 - x)
            Self::Squared => square_slope(&x()?.f_sub_scalar_(1.0)?)?.f_mul_scalar_(beta)?,
            // -β exp(-x), 0 where the exponent is clamped
            Self::Exponential => {
                let exponent = margin.f_mul_scalar(-beta)?;
                let clamped = exponent.f_gt(gpo::MAX_EXPONENT)?;
                exponent
                    .f_clamp_max(gpo::MAX_EXPONENT)?
                    .f_exp_()?
                    .f_masked_fill_(&clamped, 0.0)?
                    .f_mul_scalar_(-beta)?
            }
            // -2β max(0, 1 - x)
            Self::TruncatedQuadratic => {
                square_slope(&x()?.f_sub_scalar_(1.0)?.f_clamp_max_(0.0)?)?.f_mul_scalar_(beta)?
            }
            // -2β σ(-x)² σ(x)
            Self::Savage => {
                let wrong = wrong()?;
                let right = wrong.f_neg()?.f_add_scalar_(1.0)?;
                right.f_mul(&wrong)?.f_mul_(&wrong)?.f_mul_scalar_(-2.0 * beta)?
            }
        }))
    }
}
