use super::BuiltinLoss;
use super::log_ratio_loss::check_log_ratios;
use crate::{LossInfo, LossOption, Method, Pair, PairLogps, PairLoss, Result, check};
use tch::Tensor;

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "DPO-Positive", paper: "https://arxiv.org/abs/2402.13228" },
        help: "DPO-Positive: DPO with a penalty on chosen completions that are less likely than under the reference model",
        formula: "−log σ(β (m − λ max(0, −h_c))); λ is --dpop-lambda",
        options: &[LossOption::DpopLambda, LossOption::SoftLabels],
        ..LossInfo::DEFAULT
    },
    build: |options| Ok(Box::new(Dpop { beta: options.beta, lambda: options.dpop_lambda.unwrap_or(LAMBDA) })),
};

/// The most frequent weight of the penalty in the paper.
const LAMBDA: f64 = 50.0;

/// DPO-Positive: `-log σ(β (h_c - h_r - λ max(0, -h_c)))` (DPOP, eq. 3 of arXiv:2402.13228; λ = `lambda`).
///
/// DPO with a penalty on chosen completions that are less likely than under the reference model: for pairs that differ in few tokens, for
/// which DPO makes both completions less likely. `lambda` is the weight of the penalty; the paper uses 5 to 500, mostly 50. With 0 the loss
/// is [`sigmoid`](crate::sigmoid).
///
/// ```
/// use {align_losses::{dpop, Pair}, tch::Tensor};
/// let at = |h: f64| Tensor::from_slice(&[h]);
/// let loss = dpop(&Pair { chosen: at(-1.0), rejected: at(-51.0) }, 0.1, 50.0)?;
/// assert!((loss.double_value(&[0]) - 2f64.ln()).abs() < 1e-12); // the penalty cancels the margin of 50
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Those of [`nca_pair`](crate::nca_pair), or a `lambda` that is not a finite number of at least 0.
pub fn dpop(log_ratios: &Pair<Tensor>, beta: f64, lambda: f64) -> Result<Tensor> {
    check::at_least_zero("dpop_lambda", lambda)?;
    check_log_ratios(log_ratios, beta)?;
    let Pair { chosen, rejected } = log_ratios;
    Ok(-(beta * (chosen - rejected - lambda * (-chosen).relu())).log_sigmoid())
}

/// [`dpop`] of a batch.
#[derive(Debug)]
struct Dpop {
    beta: f64,
    lambda: f64,
}

impl PairLoss for Dpop {
    fn losses(&self, logps: &PairLogps) -> Result<Tensor> {
        dpop(logps.log_ratios(), self.beta, self.lambda)
    }

    fn beta(&self) -> f64 {
        self.beta
    }

    fn couples_batch(&self) -> bool {
        false
    }

    fn losses_and_gradients(&self, logps: &PairLogps, scale: f64) -> Result<Option<(Tensor, Pair<Tensor>)>> {
        let gradient = gradient(logps.log_ratios(), self.beta, self.lambda, scale)?;
        Ok(Some((self.losses(logps)?, gradient)))
    }
}

/// `-β σ(-y) (1 + λ [h_c < 0])` and `β σ(-y)`, with `y = β (h_c - h_r - λ max(0, -h_c))`.
fn gradient(log_ratios: &Pair<Tensor>, beta: f64, lambda: f64, scale: f64) -> Result<Pair<Tensor>> {
    let Pair { chosen: h_c, rejected: h_r } = log_ratios;
    let shortfall = h_c.f_clamp_max(0.0)?.f_mul_scalar_(-lambda)?;
    let rejected =
        h_r.f_sub(h_c)?.f_add_(&shortfall)?.f_mul_scalar_(beta)?.f_sigmoid_()?.f_mul_scalar_(scale * beta)?;
    let steepness = h_c.f_lt(0.0)?.f_to_kind(h_c.kind())?.f_mul_scalar_(-lambda)?.f_sub_scalar_(1.0)?;
    Ok(Pair { chosen: rejected.f_mul(&steepness)?, rejected })
}
