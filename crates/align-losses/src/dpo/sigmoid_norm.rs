use super::{BuiltinLoss, sigmoid::Sigmoid};
use crate::{LossInfo, LossOption, Method, Pair, Result, length, sigmoid};
use tch::Tensor;

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "length-normalised DPO", paper: "https://arxiv.org/abs/2411.15124" },
        help: "DPO on mean log-ratios per token, with a larger beta such as 5",
        formula: "−log σ(β (h_c/n⁺ − h_r/n⁻)), with a larger β such as 5",
        options: &[LossOption::Divergence, LossOption::SoftLabels, LossOption::OdpoAlpha],
        length_normalised: true,
        ..LossInfo::DEFAULT
    },
    build: |options| options.length_normalised_loss(Sigmoid { label_smoothing: 0.0 }),
};

/// DPO on length-normalised scores: `-log σ(β (s_chosen / n_chosen - s_rejected / n_rejected))` (length-normalised DPO as in Tülu
/// 3, eq. 6 of arXiv:2411.15124).
///
/// Removes DPO's bias towards long texts. Margins are per token, so `beta` is larger than for [`sigmoid`]: 5 in Tülu 3. `tokens` as in
/// [`ipo`](crate::ipo).
///
/// ```
/// use {align_losses::{sigmoid_norm, Pair}, tch::Tensor};
/// let scores = Pair { chosen: Tensor::from_slice(&[8.0f64]), rejected: Tensor::from_slice(&[4.0f64]) };
/// let tokens = Pair { chosen: Tensor::from_slice(&[4i64]), rejected: Tensor::from_slice(&[2i64]) };
/// let loss = sigmoid_norm(&scores, &tokens, 5.0)?; // 2 per token on both sides
/// assert!((loss.double_value(&[0]) - 2f64.ln()).abs() < 1e-12);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Those of [`ipo`](crate::ipo).
pub fn sigmoid_norm(scores: &Pair<Tensor>, tokens: &Pair<Tensor>, beta: f64) -> Result<Tensor> {
    sigmoid(&length::normalised_margin(scores, tokens)?, beta)
}
