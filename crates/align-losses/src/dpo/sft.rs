use super::BuiltinLoss;
use crate::{LossInfo, Mean, Method, Pair, PairLogps, PairLoss, Result};
use tch::{Kind, Tensor};

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "the likelihood of the chosen texts", paper: "https://arxiv.org/abs/2411.10442" },
        help: "the negative log-likelihood of the chosen completions, for use with other losses (MPO)",
        formula: "negative log-likelihood per token of the chosen completions, to be combined with other losses",
        couples_batch: true,
        ..LossInfo::DEFAULT
    },
    build: |options| Ok(Box::new(Sft { beta: options.beta })),
};

/// The negative log-likelihood per token of the chosen completions: `-Σ log π(y⁺) / Σ n⁺` over the batch (TRL's `sft`, the
/// generation loss of mixed preference optimisation, arXiv:2411.10442).
///
/// One number, repeated for every pair of the batch. In a [`WeightedSum`](crate::WeightedSum) with a preference loss, it keeps the chosen
/// completions likely. Its only hyper-parameter is its weight in the sum.
///
/// ```
/// use {align_losses::{sft, Pair, PairLogps}, tch::Tensor};
/// let logps = Pair { chosen: Tensor::from_slice(&[-6.0f64, -2.0]), rejected: Tensor::from_slice(&[-9.0f64, -9.0]) };
/// let tokens = Pair { chosen: Tensor::from_slice(&[3i64, 1]), rejected: Tensor::from_slice(&[2i64, 2]) };
/// let losses = sft(&PairLogps::new(&logps, &logps)?.with_tokens(&tokens)?)?;
/// assert_eq!(losses, Tensor::from_slice(&[2.0f64, 2.0]));
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// No numbers of tokens.
pub fn sft(logps: &PairLogps) -> Result<Tensor> {
    let Pair { chosen, .. } = logps.policy();
    let tokens = chosen_tokens(logps)?;
    let loss = chosen.f_sum(chosen.kind())?.f_neg()?.f_div(&tokens)?;
    Ok(loss.f_expand(chosen.size(), false)?)
}

/// [`sft`] of a batch.
#[derive(Debug)]
struct Sft {
    beta: f64,
}

impl PairLoss for Sft {
    fn losses(&self, logps: &PairLogps) -> Result<Tensor> {
        sft(logps)
    }

    fn beta(&self) -> f64 {
        self.beta
    }

    /// The mean over the batch's chosen tokens.
    fn loss_terms(&self, logps: &PairLogps) -> Result<Vec<Mean>> {
        let tokens = chosen_tokens(logps)?.f_double_value(&[])?;
        let sum = logps.policy().chosen.f_sum(Kind::Double)?.f_double_value(&[])?;
        Ok(vec![Mean::over_tokens(-sum / tokens, tokens)])
    }

    fn mean_depends_on_batch_size(&self) -> bool {
        false
    }

    fn losses_and_gradients(&self, logps: &PairLogps, scale: f64) -> Result<Option<(Tensor, Pair<Tensor>)>> {
        Ok(Some((sft(logps)?, gradient(logps, scale)?)))
    }
}

/// The gradient of `scale` times the sum of [`sft`]'s losses: the same for each chosen completion.
fn gradient(logps: &PairLogps, scale: f64) -> Result<Pair<Tensor>> {
    let chosen = &logps.policy().chosen;
    let each = Tensor::from(-scale * logps.batch() as f64).f_to_device(chosen.device())?.f_to_kind(chosen.kind())?;
    let each = each.f_div(&chosen_tokens(logps)?)?;
    Ok(Pair { chosen: chosen.f_zeros_like()?.f_add_(&each)?, rejected: chosen.f_zeros_like()? })
}

fn chosen_tokens(logps: &PairLogps) -> Result<Tensor> {
    let kind = logps.policy().chosen.kind();
    Ok(logps.tokens("sft")?.chosen.f_sum(kind)?.f_clamp_min(1)?)
}
