//! The arithmetic of one chunk of rows: from logits to log-probabilities, and back.

use super::linear_head::LinearHead;
use super::options::LinearLogpsOptions;
use crate::Result;
use tch::{Kind, Tensor};

/// Statistics of the next-token distribution at each position, each `(n,)`, without a graph.
#[derive(Debug)]
pub struct TokenStatistics {
    /// The entropy of the distribution over the vocabulary, in nats.
    pub entropy: Tensor,
    /// 1 if no token is more probable than the target, otherwise 0.
    pub correct: Tensor,
    /// The mean of the logits over the vocabulary.
    pub mean_logit: Tensor,
    /// `log Σ_v p(v)²` over the vocabulary, for [`wpo_weights`](crate::wpo_weights); `None` unless the options request it.
    pub log_sum_sq_probs: Option<Tensor>,
}

/// The results for a chunk of rows, each `(rows, 1)`.
pub(crate) struct Columns {
    pub logps: Tensor,
    /// The row's largest logit.
    pub largest: Tensor,
    /// The log of the sum of `exp(logit - largest)`.
    pub log_total: Tensor,
    pub statistics: Option<TokenStatistics>,
}

/// The log-probabilities of `targets` `(rows, 1)` from `logits` `(rows, vocab)`, which are replaced by `logits - largest`.
///
/// `exponentials` is a buffer of the shape of the logits.
pub(crate) fn logps_of(
    logits: &mut Tensor,
    exponentials: &mut Tensor,
    targets: &Tensor,
    options: &LinearLogpsOptions,
) -> Result<Columns> {
    let sum = |x: &Tensor| x.f_sum_dim_intlist([-1i64].as_slice(), true, x.kind());
    let mean_logit =
        options.statistics.then(|| logits.f_mean_dim([-1i64].as_slice(), true, logits.kind())).transpose()?;
    let largest = logits.f_amax([-1i64].as_slice(), true)?;
    let _ = logits.f_sub_(&largest)?;
    let at_target = logits.f_gather(-1, targets, false)?;
    let _ = logits.f_exp_out(exponentials)?;
    let total = sum(exponentials)?;
    let log_total = total.f_log()?;
    let statistics = match mean_logit {
        None => None,
        Some(mean_logit) => {
            let log_sum_sq_probs = if options.log_sum_sq_probs {
                let squares = exponentials.f_norm_scalaropt_dim(2.0, [-1i64].as_slice(), true)?;
                Some(squares.f_div(&total)?.f_log()?.f_mul_scalar(2.0)?)
            } else {
                None
            };
            // -Σ p log p, with log p = logit - largest - log_total.
            let expected = sum(&exponentials.f_mul_(logits)?)?.f_div(&total)?;
            let correct = at_target.f_eq(0.0)?.f_to_kind(logits.kind())?;
            Some(TokenStatistics { entropy: log_total.f_sub(&expected)?, correct, mean_logit, log_sum_sq_probs })
        }
    };
    Ok(Columns { logps: at_target.f_sub(&log_total)?, largest, log_total, statistics })
}

/// Replaces `logits` `(rows, vocab)` by their gradient, `g (onehot(target) - softmax)`, in place.
///
/// `log_normaliser` `(rows, 1)` makes `exp(logits - log_normaliser)` sum to 1. `gradient` `(rows, 1)` is the gradient of the target's
/// log-probability.
pub(crate) fn logits_gradient(
    logits: &mut Tensor,
    log_normaliser: &Tensor,
    targets: &Tensor,
    gradient: &Tensor,
) -> Result<()> {
    let _ =
        logits.f_sub_(log_normaliser)?.f_exp_()?.f_mul_(&gradient.f_neg()?)?.f_scatter_add_(1, targets, gradient)?;
    Ok(())
}

/// Writes the logits of the hidden states into `logits`, through the buffer `narrow` if the dtype of the product differs from that of `logits`.
pub(crate) fn logits_into(
    logits: &mut Tensor,
    narrow: Option<&Tensor>,
    hidden: &Tensor,
    head: LinearHead,
) -> Result<()> {
    let transposed = head.weight.f_tr()?;
    match narrow {
        None => {
            let _ = hidden.f_mm_out(logits, &transposed)?;
        }
        Some(narrow) => {
            let narrow = narrow.f_narrow(0, 0, hidden.size2()?.0)?;
            let _ = hidden.f_mm_out(&narrow, &transposed)?;
            logits.f_copy_(&narrow)?;
        }
    }
    if let Some(cap) = head.softcap {
        let _ = logits.f_div_scalar_(cap)?.f_tanh_()?.f_mul_scalar_(cap)?;
    }
    Ok(())
}

/// The derivative of capped logits `y` by the logits before the cap: `1 - (y / cap)²`. `largest` was subtracted from `logits`.
pub(crate) fn softcap_derivative(logits: &Tensor, largest: Option<&Tensor>, cap: f64) -> Result<Tensor> {
    let mut ratio = match largest {
        Some(largest) => logits.f_add(largest)?.f_div_scalar_(cap)?,
        None => logits.f_div_scalar(cap)?,
    };
    Ok(ratio.f_square_()?.f_neg_()?.f_add_scalar_(1.0)?)
}

/// Concatenates the columns of all chunks into one vector, `(n,)`.
pub(crate) fn concat(columns: &[Tensor], kind: Kind, device: tch::Device) -> Result<Tensor> {
    if columns.is_empty() {
        return Ok(Tensor::f_zeros([0], (kind, device))?);
    }
    Ok(Tensor::f_cat(columns, 0)?.f_squeeze_dim(-1)?)
}
