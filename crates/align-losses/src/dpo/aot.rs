use super::{BuiltinLoss, sigmoid};
use crate::{LossInfo, LossOption, Method, Pair, PairLogps, PairLoss, Result, check, conservative_sigmoid};
use tch::Tensor;

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "AOT", paper: "https://arxiv.org/abs/2406.05882" },
        help: "AOT: makes the distribution of the policy's margins dominate that of the reference margins",
        formula: "sigmoid (with ε) of sort(log π(y⁺) − log π(y⁻)) − sort(log π_ref(y⁺) − log π_ref(y⁻)) over the batch",
        options: &[LossOption::LabelSmoothing],
        couples_batch: true,
        ..LossInfo::DEFAULT
    },
    build: |options| Ok(Box::new(Aot { beta: options.beta, label_smoothing: options.label_smoothing })),
};

/// Paired alignment by optimal transport: [`conservative_sigmoid`] of `sort(log π(y⁺) - log π(y⁻)) - sort(log π_ref(y⁺) - log π_ref(y⁻))` (AOT,
/// the paired case of arXiv:2406.05882, with the logistic loss).
///
/// Compares distributions instead of pairs: the distribution of the policy's margins should stochastically dominate that of the reference
/// margins. In one dimension the optimal transport plan sorts both sides, so each loss belongs to a rank, not to a row. The loss depends on
/// the batch as a whole, and larger batches represent the distributions better.
///
/// * `policy`, `reference`: summed log-probabilities, each `(batch,)`.
///
/// ```
/// use {align_losses::{aot, Pair}, tch::Tensor};
/// let side = |x: [f64; 2]| Tensor::from_slice(&x);
/// let policy = Pair { chosen: side([3.0, 1.0]), rejected: side([0.0, 0.0]) };
/// let reference = Pair { chosen: side([1.0, 3.0]), rejected: side([0.0, 0.0]) };
/// let losses = aot(&policy, &reference, 0.1, 0.0)?; // the same margins in another order
/// assert!((losses.double_value(&[0]) - 2f64.ln()).abs() < 1e-12);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Log-probabilities that are not floating-point or differ in shape, dtype or device, a `beta` that is not a finite number above 0, or
/// a `label_smoothing` outside `[0, 0.5)`.
pub fn aot(policy: &Pair<Tensor>, reference: &Pair<Tensor>, beta: f64, label_smoothing: f64) -> Result<Tensor> {
    check::sides("policy.chosen", "policy.rejected", policy)?;
    check::sides("reference.chosen", "reference.rejected", reference)?;
    check::shape("reference.chosen", &reference.chosen, &policy.chosen.size())?;
    let margin = sorted(&(&policy.chosen - &policy.rejected))? - sorted(&(&reference.chosen - &reference.rejected))?;
    conservative_sigmoid(&margin, beta, label_smoothing)
}

/// [`aot`] of a batch.
#[derive(Debug)]
struct Aot {
    beta: f64,
    label_smoothing: f64,
}

impl PairLoss for Aot {
    fn losses(&self, logps: &PairLogps) -> Result<Tensor> {
        aot(logps.policy(), logps.reference(), self.beta, self.label_smoothing)
    }

    fn beta(&self) -> f64 {
        self.beta
    }

    fn losses_and_gradients(&self, logps: &PairLogps, scale: f64) -> Result<Option<(Tensor, Pair<Tensor>)>> {
        let Self { beta, label_smoothing } = *self;
        let (margin, gradient) = gradient(logps.policy(), logps.reference(), beta, label_smoothing, scale)?;
        Ok(Some((conservative_sigmoid(&margin, beta, label_smoothing)?, gradient)))
    }
}

/// The margins, and the gradient of the policy's log-probabilities: the derivative of each rank is assigned to the row with that rank.
fn gradient(
    policy: &Pair<Tensor>,
    reference: &Pair<Tensor>,
    beta: f64,
    label_smoothing: f64,
    scale: f64,
) -> Result<(Tensor, Pair<Tensor>)> {
    let (policy_margin, rows) = policy.chosen.f_sub(&policy.rejected)?.f_sort(0, false)?;
    let reference_margin = sorted(&reference.chosen.f_sub(&reference.rejected)?)?;
    let margin = policy_margin.f_sub(&reference_margin)?;
    let derivative = sigmoid::derivative(&margin, beta, label_smoothing, scale)?;
    let chosen = derivative.f_scatter(0, &rows, &derivative)?;
    Ok((margin, Pair { rejected: chosen.f_neg()?, chosen }))
}

/// In ascending order.
pub(super) fn sorted(x: &Tensor) -> Result<Tensor> {
    Ok(x.f_sort(0, false)?.0)
}
