//! Log-probabilities of tokens and of whole completions, from logits.

use crate::{Result, check};
use tch::{Kind, Tensor};

/// The log-probability of each label, `log softmax(logits)[label]`, of shape `(batch, seq)`, in nats.
///
/// * `logits`: `(batch, seq, vocab)`, of any floating-point dtype; the result is float32, or float64 for float64 logits.
/// * `labels`: int64 `(batch, seq)`, the id whose probability is asked at each position. Logits at position `t` predict
///   token `t + 1`: see [`predicting`] and [`predicted`]. Positions that do not count hold any id of the vocabulary.
///
/// Differentiable; it holds the float32 logits but no second copy of them, as the whole log-softmax would. For training
/// on large vocabularies use [`LinearLogps`](crate::LinearLogps).
///
/// ```
/// let logits = tch::Tensor::zeros([1, 2, 4], (tch::Kind::Float, tch::Device::Cpu)); // all ids alike
/// let logps = align_losses::token_logps(&logits, &tch::Tensor::from_slice2(&[[3i64, 0]]))?;
/// assert!((logps.double_value(&[0, 1]) + 4f64.ln()).abs() < 1e-6);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Shapes or dtypes that do not fit, or an id outside the vocabulary.
pub fn token_logps(logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
    check::float("logits", logits)?;
    let [batch, seq, vocab] = check::dimensions("logits", logits, "(batch, seq, vocab)")?;
    check::shape("labels", labels, &[batch, seq])?;
    check::same_device("labels", labels, logits)?;
    check::token_ids("labels", labels, vocab)?;
    let logits = logits.f_to_kind(check::wide(logits.kind()))?;
    let at_label = logits.f_gather(-1, &labels.f_unsqueeze(-1)?, false)?.f_squeeze_dim(-1)?;
    Ok(at_label.f_sub(&logits.f_logsumexp([-1i64].as_slice(), false)?)?)
}

/// The log-probability of each completion: the sum of its tokens', of shape `(batch,)`, in nats.
///
/// * `token_logps`: `(batch, seq)`; what stands where the mask is 0 does not count, whatever it is.
/// * `mask`: `(batch, seq)`, bool or numbers, non-zero on the completion's tokens, shifted like the labels
///   ([`predicted`]).
///
/// ```
/// let tokens = tch::Tensor::from_slice2(&[[-1.0f32, -2.0, f32::NEG_INFINITY]]);
/// let logps = align_losses::sequence_logps(&tokens, &tch::Tensor::from_slice2(&[[1i64, 1, 0]]))?;
/// assert_eq!(logps.double_value(&[0]), -3.0);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Shapes or dtypes that do not fit.
pub fn sequence_logps(token_logps: &Tensor, mask: &Tensor) -> Result<Tensor> {
    check::float("token_logps", token_logps)?;
    let [batch, seq] = check::dimensions("token_logps", token_logps, "(batch, seq)")?;
    check::shape("mask", mask, &[batch, seq])?;
    check::same_device("mask", mask, token_logps)?;
    // Filling, because zero times an infinite log-probability is no number.
    let counted = token_logps.f_masked_fill(&mask.f_to_kind(Kind::Bool)?.f_logical_not()?, 0.0)?;
    Ok(counted.f_sum_dim_intlist([-1i64].as_slice(), false, check::wide(token_logps.kind()))?)
}

/// The positions of `(batch, seq, …)` that predict a token: all but the last. For logits and hidden states.
///
/// ```
/// let ids = tch::Tensor::from_slice2(&[[5i64, 6, 7]]);
/// assert_eq!(align_losses::predicting(&ids)?, tch::Tensor::from_slice2(&[[5i64, 6]]));
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Fewer than two dimensions, or no position at all.
pub fn predicting(x: &Tensor) -> Result<Tensor> {
    Ok(x.f_narrow(1, 0, positions(x)? - 1)?)
}

/// The positions of `(batch, seq, …)` that are predicted: all but the first. For ids (as labels) and completion masks.
///
/// ```
/// let ids = tch::Tensor::from_slice2(&[[5i64, 6, 7]]);
/// assert_eq!(align_losses::predicted(&ids)?, tch::Tensor::from_slice2(&[[6i64, 7]]));
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Fewer than two dimensions, or no position at all.
pub fn predicted(x: &Tensor) -> Result<Tensor> {
    Ok(x.f_narrow(1, 1, positions(x)? - 1)?)
}

fn positions(x: &Tensor) -> Result<i64> {
    match x.size().get(1) {
        Some(&seq) if seq > 0 => Ok(seq),
        _ => Err(crate::Error::Shape {
            argument: "x",
            expected: "(batch, seq, …) with seq of at least 1".into(),
            found: x.size(),
        }),
    }
}
