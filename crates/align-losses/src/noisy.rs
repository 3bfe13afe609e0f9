//! Losses on the margin that take labels to be wrong at a known rate.

use crate::{Error, Result, check};
use tch::Tensor;

/// Robust DPO: `(-(1 - ε) log σ(β · margin) + ε log σ(-β · margin)) / (1 - 2ε)` (rDPO, arXiv:2403.00409).
///
/// An unbiased estimate of [`sigmoid`](crate::sigmoid)'s loss on the true labels when a share `label_smoothing` = ε of those
/// given is flipped; at 0 it is that loss. Unlike [`conservative_sigmoid`](crate::conservative_sigmoid) it keeps pushing
/// margins up.
///
/// ```
/// let margin = tch::Tensor::from_slice(&[3.0f64]);
/// let (robust, plain) = (align_losses::robust(&margin, 0.1, 0.0)?, align_losses::sigmoid(&margin, 0.1)?);
/// assert_eq!(robust, plain);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Margins that are not floating-point, a `beta` that is not a finite number above 0, or a `label_smoothing` outside
/// `[0, 0.5)`.
pub fn robust(margin: &Tensor, beta: f64, label_smoothing: f64) -> Result<Tensor> {
    check::margin(margin, beta)?;
    check::label_smoothing(label_smoothing)?;
    let x = beta * margin;
    let flipped = label_smoothing / (1.0 - 2.0 * label_smoothing);
    Ok(-(1.0 + flipped) * x.log_sigmoid() + flipped * (-x).log_sigmoid())
}

/// EXO on pairs: `KL(p ‖ q)` of `p = (σ(x), σ(-x))`, `x = β · margin`, against the labels `q = (1 - ε, ε)` (eq. 16 of
/// arXiv:2402.00856).
///
/// The reverse KL where [`conservative_sigmoid`](crate::conservative_sigmoid) has the forward one, up to a constant: it seeks
/// the preferred answer instead of covering both. Its gradient vanishes for very wrong margins as well as for right ones.
/// `label_smoothing` = ε, which the paper takes as 1e-3, must be above 0: at 0 the divergence is infinite.
///
/// ```
/// let margin = tch::Tensor::from_slice(&[9f64.ln()]);
/// let loss = align_losses::exo_pair(&margin, 1.0, 0.1)?; // p is q
/// assert!(loss.double_value(&[0]).abs() < 1e-12);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Margins that are not floating-point, a `beta` that is not a finite number above 0, or a `label_smoothing` outside
/// `(0, 0.5)`.
pub fn exo_pair(margin: &Tensor, beta: f64, label_smoothing: f64) -> Result<Tensor> {
    check::margin(margin, beta)?;
    exo_smoothing(label_smoothing)?;
    let x = beta * margin;
    let (chosen, rejected) = ((-label_smoothing).ln_1p(), label_smoothing.ln());
    Ok(x.sigmoid() * (x.log_sigmoid() - chosen) + (-&x).sigmoid() * ((-&x).log_sigmoid() - rejected))
}

pub(crate) fn exo_smoothing(label_smoothing: f64) -> Result<()> {
    if label_smoothing > 0.0 && label_smoothing < 0.5 {
        return Ok(());
    }
    Err(Error::Hyperparameter {
        name: "label_smoothing",
        expected: "above 0 and below 0.5 for loss_type exo_pair (its paper takes 1e-3)",
        found: label_smoothing,
    })
}
