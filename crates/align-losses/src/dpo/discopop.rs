use super::BuiltinLoss;
use super::exponential::MAX_EXPONENT;
use crate::{LossInfo, LossOption, Method, Result, SurrogateLoss, check};
use tch::Tensor;

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "DiscoPOP", paper: "https://arxiv.org/abs/2406.08414" },
        help: "DiscoPOP: a blend of the logistic loss for misranked pairs and the exponential loss for the others",
        formula: "−(1−w) log σ(β m) + w exp(−β m) with w = σ(β m / τ); τ is --discopop-tau",
        options: &[
            LossOption::Divergence,
            LossOption::LengthAlpha,
            LossOption::DiscopopTau,
            LossOption::SoftLabels,
            LossOption::OdpoAlpha,
        ],
        ..LossInfo::DEFAULT
    },
    build: |options| options.margin_loss(Discopop { tau: options.discopop_tau.unwrap_or(TAU) }),
};

/// The temperature in the paper and in TRL.
const TAU: f64 = 0.05;

/// DiscoPOP, the log-ratio modulated loss: `(1 - m) · -log σ(x) + m · exp(-x)` with `x = β · margin` and `m = σ(x / τ)` (eq. 5
/// of arXiv:2406.08414; found by a language model's search over losses).
///
/// The logistic loss for misranked pairs and the exponential loss for correctly ranked pairs, blended with the temperature `tau` = τ (0.05 in
/// the paper). Not convex: with a small τ, it increases around a margin of 0.
///
/// `exp(-x) · m` is computed as one exponential, clamped at `exp(40)`, which only a `tau` above 1 reaches.
///
/// ```
/// let loss = align_losses::discopop(&tch::Tensor::from_slice(&[0.0f64]), 0.1, 0.05)?;
/// assert!((loss.double_value(&[0]) - (2f64.ln() + 1.0) / 2.0).abs() < 1e-12);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Margins that are not floating-point, or a `beta` or `tau` that is not a finite number above 0.
pub fn discopop(margin: &Tensor, beta: f64, tau: f64) -> Result<Tensor> {
    check::margin(margin, beta)?;
    check::above_zero("discopop_tau", tau)?;
    let x = beta * margin;
    let modulation = &x / tau;
    let exponential = (modulation.log_sigmoid() - &x).clamp_max(MAX_EXPONENT).exp();
    Ok(exponential - (-modulation).sigmoid() * x.log_sigmoid())
}

/// [`discopop`] as a [`SurrogateLoss`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Discopop {
    /// The temperature.
    pub tau: f64,
}

impl SurrogateLoss for Discopop {
    fn loss(&self, margin: &Tensor, beta: f64) -> Result<Tensor> {
        discopop(margin, beta, self.tau)
    }

    /// `β (e (σ(-x/τ) / τ - 1) + m (1 - m) log σ(x) / τ - (1 - m) σ(-x))`, with `e = m exp(-x)`, which is constant where it is clamped.
    fn derivative(&self, margin: &Tensor, beta: f64) -> Result<Option<Tensor>> {
        let x = margin.f_mul_scalar(beta)?;
        let modulation = x.f_div_scalar(self.tau)?;
        let exponent = modulation.f_log_sigmoid()?.f_sub_(&x)?;
        let clamped = exponent.f_gt(MAX_EXPONENT)?;
        let exponential = exponent.f_masked_fill(&clamped, f64::NEG_INFINITY)?.f_exp_()?;
        let (right, wrong) = (modulation.f_sigmoid()?, modulation.f_neg()?.f_sigmoid_()?);
        let blend = right.f_mul(&wrong)?.f_mul_(&x.f_log_sigmoid()?)?.f_div_scalar_(self.tau)?;
        let exponential = wrong.f_div_scalar(self.tau)?.f_sub_scalar_(1.0)?.f_mul_(&exponential)?;
        let logistic = wrong.f_mul(&x.f_neg()?.f_sigmoid_()?)?;
        Ok(Some(exponential.f_add(&blend)?.f_sub_(&logistic)?.f_mul_scalar_(beta)?))
    }
}
