//! Log-probabilities of tokens and of whole completions, from logits.

use crate::{Result, check};
use tch::{Kind, Tensor};

/// The log-probability of each label, `log softmax(logits)[label]`, of shape `(batch, seq)`, in nats.
///
/// * `logits`: `(batch, seq, vocab)`, of any floating-point dtype; the result is float32, or float64 for float64 logits.
/// * `labels`: int64 `(batch, seq)`, the token id at each position. Logits at position `t` predict token `t + 1`: see [`shift_logits`] and
///   [`shift_labels`]. Masked positions may have any id of the vocabulary.
///
/// Differentiable. Needs the logits in float32, but unlike a full log-softmax no second copy of them. For training with large
/// vocabularies use [`LinearLogps`](crate::LinearLogps).
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
    let logits = logits.f_to_kind(check::compute_kind(logits.kind()))?;
    let at_label = logits.f_gather(-1, &labels.f_unsqueeze(-1)?, false)?.f_squeeze_dim(-1)?;
    Ok(at_label.f_sub(&logits.f_logsumexp([-1i64].as_slice(), false)?)?)
}

/// The log-probability of each completion: the sum over its tokens, of shape `(batch,)`, in nats.
///
/// * `token_logps`: `(batch, seq)`. Values at which the mask is 0 are ignored, even if they are not finite.
/// * `mask`: `(batch, seq)`, bool or numeric, non-zero at the tokens of the completion, shifted like the labels ([`shift_labels`]).
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
    // Filled with zeros rather than multiplied by the mask, because 0 · ∞ is NaN.
    let counted = token_logps.f_masked_fill(&mask.f_to_kind(Kind::Bool)?.f_logical_not()?, 0.0)?;
    Ok(counted.f_sum_dim_intlist([-1i64].as_slice(), false, check::compute_kind(token_logps.kind()))?)
}

/// The positions of `(batch, seq, …)` that predict a token: all but the last. For logits and hidden states.
///
/// ```
/// let ids = tch::Tensor::from_slice2(&[[5i64, 6, 7]]);
/// assert_eq!(align_losses::shift_logits(&ids)?, tch::Tensor::from_slice2(&[[5i64, 6]]));
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Fewer than two dimensions, or no position at all.
pub fn shift_logits(x: &Tensor) -> Result<Tensor> {
    Ok(x.f_narrow(1, 0, positions(x)? - 1)?)
}

/// The positions of `(batch, seq, …)` that are predicted: all but the first. For labels and completion masks.
///
/// ```
/// let ids = tch::Tensor::from_slice2(&[[5i64, 6, 7]]);
/// assert_eq!(align_losses::shift_labels(&ids)?, tch::Tensor::from_slice2(&[[6i64, 7]]));
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Fewer than two dimensions, or no position at all.
pub fn shift_labels(x: &Tensor) -> Result<Tensor> {
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
