use super::BuiltinLoss;
use crate::{Error, LossInfo, LossOption, Method, Result, SurrogateLoss, check};
use tch::Tensor;

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "EXO", paper: "https://arxiv.org/abs/2402.00856" },
        help: "EXO: the reverse KL divergence from smoothed labels; it needs label smoothing",
        formula: "KL(p ‖ q) with p = (σ(β m), σ(−β m)), q = (1−ε, ε); needs ε > 0",
        options: &[LossOption::LabelSmoothing, LossOption::Divergence, LossOption::LengthAlpha, LossOption::OdpoAlpha],
        ..LossInfo::DEFAULT
    },
    build: |options| {
        exo_smoothing(options.label_smoothing)?;
        options.margin_loss(ExoPair { label_smoothing: options.label_smoothing })
    },
};

/// EXO on pairs: `KL(p ‖ q)` of `p = (σ(x), σ(-x))`, `x = β · margin`, against the labels `q = (1 - ε, ε)` (eq. 16 of
/// arXiv:2402.00856).
///
/// The reverse KL divergence; [`conservative_sigmoid`](crate::conservative_sigmoid) is the forward KL divergence, up to a constant. It is
/// mode-seeking instead of mass-covering. Its gradient vanishes for very negative margins as well as for large ones. `label_smoothing` = ε,
/// 1e-3 in the paper, must be above 0: with 0 the divergence is infinite.
///
/// ```
/// let margin = tch::Tensor::from_slice(&[9f64.ln()]);
/// let loss = align_losses::exo_pair(&margin, 1.0, 0.1)?; // p is q
/// assert!(loss.double_value(&[0]).abs() < 1e-12);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Margins that are not floating-point, a `beta` that is not a finite number above 0, or a `label_smoothing` outside
/// `(0, 0.5)`.
pub fn exo_pair(margin: &Tensor, beta: f64, label_smoothing: f64) -> Result<Tensor> {
    check::margin(margin, beta)?;
    exo_smoothing(label_smoothing)?;
    let x = beta * margin;
    let (chosen, rejected) = ((-label_smoothing).ln_1p(), label_smoothing.ln());
    Ok(x.sigmoid() * (x.log_sigmoid() - chosen) + (-&x).sigmoid() * ((-&x).log_sigmoid() - rejected))
}

/// [`exo_pair`] as a [`SurrogateLoss`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExoPair {
    /// The assumed fraction of wrong labels, above 0.
    pub label_smoothing: f64,
}

impl SurrogateLoss for ExoPair {
    fn loss(&self, margin: &Tensor, beta: f64) -> Result<Tensor> {
        exo_pair(margin, beta, self.label_smoothing)
    }

    /// `β σ(x) σ(-x) (x - log((1 - ε) / ε))`.
    fn derivative(&self, margin: &Tensor, beta: f64) -> Result<Option<Tensor>> {
        let balanced = ((1.0 - self.label_smoothing) / self.label_smoothing).ln();
        let wrong = margin.f_mul_scalar(-beta)?.f_sigmoid_()?;
        let variance = wrong.f_neg()?.f_add_scalar_(1.0)?.f_mul_(&wrong)?;
        let x = margin.f_mul_scalar(beta)?;
        Ok(Some(x.f_sub_scalar(balanced)?.f_mul_(&variance)?.f_mul_scalar_(beta)?))
    }
}

fn exo_smoothing(label_smoothing: f64) -> Result<()> {
    if label_smoothing > 0.0 && label_smoothing < 0.5 {
        return Ok(());
    }
    Err(Error::Hyperparameter {
        name: "label_smoothing",
        expected: "above 0 and below 0.5 for loss_type exo_pair (1e-3 in its paper)",
        found: label_smoothing,
    })
}
