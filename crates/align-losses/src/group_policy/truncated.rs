use crate::{Result, check};
use tch::{Kind, Tensor};

/// Whether a completion was cut off at the maximum length: its last token is none of `ends`, the ids of EOS and of padding.
///
/// ```
/// assert!(!align_losses::is_truncated(&[5, 7, 2], &[2]));
/// assert!(align_losses::is_truncated(&[5, 7], &[2]));
/// ```
#[must_use]
pub fn is_truncated(completion_ids: &[i64], ends: &[i64]) -> bool {
    completion_ids.last().is_none_or(|last| !ends.contains(last))
}

/// TRL's `mask_truncated_completions`: the mask without the tokens of truncated completions (DAPO, arXiv:2503.14476), `(rows, seq)`.
///
/// * `mask`: `(rows, seq)`, of any dtype.
/// * `truncated`: bool, `(rows)`.
///
/// ```
/// use tch::Tensor;
/// let mask = Tensor::from_slice2(&[[1i64, 1], [1, 0]]);
/// let masked = align_losses::mask_truncated(&mask, &Tensor::from_slice(&[true, false]))?;
/// assert_eq!(masked, Tensor::from_slice2(&[[0i64, 0], [1, 0]]));
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Shapes, dtypes or devices that do not fit.
pub fn mask_truncated(mask: &Tensor, truncated: &Tensor) -> Result<Tensor> {
    let [rows, _] = check::dimensions("mask", mask, "(rows, seq)")?;
    check::shape("truncated", truncated, &[rows])?;
    check::kind("truncated", truncated, Kind::Bool)?;
    check::same_device("truncated", truncated, mask)?;
    Ok(mask.f_masked_fill(&truncated.f_unsqueeze(1)?, 0)?)
}
