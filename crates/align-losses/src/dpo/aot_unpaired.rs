use super::aot::sorted;
use super::{BuiltinLoss, sigmoid};
use crate::{LossInfo, LossOption, Method, Pair, PairLogps, PairLoss, Result, check, conservative_sigmoid};
use tch::Tensor;

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "AOT", paper: "https://arxiv.org/abs/2406.05882" },
        help: "AOT without pairs: makes the distribution of the chosen log-ratios dominate that of the rejected ones",
        formula: "sigmoid (with ε) of sort(h_c) − sort(h_r) over the batch",
        options: &[LossOption::LabelSmoothing],
        couples_batch: true,
        ..LossInfo::DEFAULT
    },
    build: |options| Ok(Box::new(AotUnpaired { beta: options.beta, label_smoothing: options.label_smoothing })),
};

/// Unpaired alignment by optimal transport: [`conservative_sigmoid`] of `sort(h_c) - sort(h_r)`, with log-ratios `h = log π - log π_ref` (AOT,
/// the unpaired case of arXiv:2406.05882, with the logistic loss).
///
/// The distribution of the chosen log-ratios should stochastically dominate that of the rejected ones, whatever their prompts: for chosen and
/// rejected completions that are not paired.
///
/// ```
/// use {align_losses::{aot_unpaired, Pair}, tch::Tensor};
/// let side = |x: [f64; 2]| Tensor::from_slice(&x);
/// let losses = aot_unpaired(&Pair { chosen: side([2.0, 0.0]), rejected: side([0.0, 2.0]) }, 0.1, 0.0)?;
/// assert!((losses.double_value(&[1]) - 2f64.ln()).abs() < 1e-12);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Those of [`aot`](crate::aot).
pub fn aot_unpaired(log_ratios: &Pair<Tensor>, beta: f64, label_smoothing: f64) -> Result<Tensor> {
    check::sides("log_ratios.chosen", "log_ratios.rejected", log_ratios)?;
    let margin = sorted(&log_ratios.chosen)? - sorted(&log_ratios.rejected)?;
    conservative_sigmoid(&margin, beta, label_smoothing)
}

/// [`aot_unpaired`] of a batch.
#[derive(Debug)]
struct AotUnpaired {
    beta: f64,
    label_smoothing: f64,
}

impl PairLoss for AotUnpaired {
    fn losses(&self, logps: &PairLogps) -> Result<Tensor> {
        aot_unpaired(logps.log_ratios(), self.beta, self.label_smoothing)
    }

    fn beta(&self) -> f64 {
        self.beta
    }

    fn losses_and_gradients(&self, logps: &PairLogps, scale: f64) -> Result<Option<(Tensor, Pair<Tensor>)>> {
        let Self { beta, label_smoothing } = *self;
        let (margin, gradient) = gradient(logps.log_ratios(), beta, label_smoothing, scale)?;
        Ok(Some((conservative_sigmoid(&margin, beta, label_smoothing)?, gradient)))
    }
}

/// The margins, and the gradient of the log-ratios: the derivative of each rank is assigned to the row with that rank.
fn gradient(log_ratios: &Pair<Tensor>, beta: f64, label_smoothing: f64, scale: f64) -> Result<(Tensor, Pair<Tensor>)> {
    let sorted = log_ratios.as_ref().try_map(|h| h.f_sort(0, false))?;
    let margin = sorted.chosen.0.f_sub(&sorted.rejected.0)?;
    let derivative = sigmoid::derivative(&margin, beta, label_smoothing, scale)?;
    let negative = derivative.f_neg()?;
    let chosen = derivative.f_scatter(0, &sorted.chosen.1, &derivative)?;
    Ok((margin, Pair { chosen, rejected: negative.f_scatter(0, &sorted.rejected.1, &negative)? }))
}
