use super::{BuiltinLoss, ReferencePoint};
use crate::{LossInfo, Method, Result, check};
use tch::Tensor;

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "APO without pairs", paper: "https://arxiv.org/abs/2408.06266" },
        help: "APO-zero without pairs: makes desirable completions more likely and undesirable ones less likely",
        formula: "1 − σ(β h); σ(β h)",
        ..LossInfo::DEFAULT
    },
    reference_point: ReferencePoint::Zero,
    losses: |log_ratio, desirable, _, options| apo_zero_unpaired(log_ratio, desirable, options.beta),
};

/// APO-zero of single completions: `1 - σ(β h)` for a desirable completion, `σ(β h)` for an undesirable one
/// ([`apo_zero`](crate::apo_zero)'s two terms, arXiv:2408.06266).
///
/// [`kto`](crate::kto) without its reference point, so it needs no second forward pass. Makes desirable completions more likely than under
/// the reference model, and undesirable ones less likely. `beta` as in `kto`.
///
/// ```
/// use {align_losses::apo_zero_unpaired, tch::Tensor};
/// let (log_ratio, desirable) = (Tensor::from_slice(&[0.0f64, 1e4]), Tensor::from_slice(&[true, true]));
/// assert_eq!(apo_zero_unpaired(&log_ratio, &desirable, 0.1)?, Tensor::from_slice(&[0.5f64, 0.0]));
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Those of [`bco`](crate::bco).
pub fn apo_zero_unpaired(log_ratio: &Tensor, desirable: &Tensor, beta: f64) -> Result<Tensor> {
    check::unpaired(log_ratio, desirable)?;
    check::beta(beta)?;
    let reward = beta * log_ratio;
    Ok((-&reward).f_where_self(desirable, &reward)?.sigmoid())
}
