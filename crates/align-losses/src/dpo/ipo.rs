use super::{BuiltinLoss, ipo_sum::Ipo};
use crate::{LossInfo, LossOption, Method, Pair, Result, ipo_sum, length};
use tch::Tensor;

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "IPO", paper: "https://arxiv.org/abs/2310.12036" },
        help: "IPO on mean log-ratios per token, as in TRL and in the code of IPO's authors",
        formula: "(h_c/n⁺ − h_r/n⁻ − 1/(2β))²",
        options: &[LossOption::Divergence, LossOption::SoftLabels, LossOption::OdpoAlpha],
        length_normalised: true,
        ..LossInfo::DEFAULT
    },
    build: |options| options.length_normalised_loss(Ipo),
};

/// IPO on length-normalised scores: `(s_chosen / n_chosen - s_rejected / n_rejected - 1 / (2β))²` (eq. 17 of
/// arXiv:2310.12036, each score divided by its completion's number of tokens).
///
/// The form in TRL and in the code of IPO's authors. It regresses the margin per token to `1 / (2β)` instead of increasing it without bound,
/// for nearly deterministic preferences. `beta` is the paper's τ; with a larger value the target margin is smaller. `tokens` is the number of
/// tokens of a completion, including EOS; 0 counts as 1, as in TRL.
///
/// ```
/// use {align_losses::{ipo, Pair}, tch::Tensor};
/// let scores = Pair { chosen: Tensor::from_slice(&[8.0f64]), rejected: Tensor::from_slice(&[-6.0f64]) };
/// let tokens = Pair { chosen: Tensor::from_slice(&[4i64]), rejected: Tensor::from_slice(&[2i64]) };
/// assert_eq!(ipo(&scores, &tokens, 0.1)?.double_value(&[0]), 0.0); // 8/4 + 6/2 is 1 / 0.2
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Scores that are not floating-point, shapes that differ, or a `beta` that is not a finite number above 0.
pub fn ipo(scores: &Pair<Tensor>, tokens: &Pair<Tensor>, beta: f64) -> Result<Tensor> {
    ipo_sum(&length::normalised_margin(scores, tokens)?, beta)
}
