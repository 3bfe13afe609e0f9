use crate::{Result, check};
use tch::{Kind, Tensor};

/// The log-probabilities of the tokens of completions, with the advantage of each completion: the input of a
/// [`GroupPolicyLoss`](super::GroupPolicyLoss).
///
/// Positions outside the mask have no influence, whatever their values are.
///
/// ```
/// use {align_losses::PolicyTokens, tch::Tensor};
/// let logps = Tensor::from_slice2(&[[-1.0f64, -2.0], [-0.5, 0.0]]);
/// let mask = Tensor::from_slice2(&[[true, true], [true, false]]);
/// let tokens = PolicyTokens::new(&logps, &mask, &Tensor::from_slice(&[1.0f64, -1.0]))?;
/// assert_eq!(tokens.count()?, 3.0);
/// # Ok::<(), align_losses::Error>(())
/// ```
#[derive(Debug)]
pub struct PolicyTokens {
    pub(super) logps: Tensor,
    pub(super) old_logps: Option<Tensor>,
    pub(super) reference_logps: Option<Tensor>,
    /// Bool, `(rows, seq)`.
    outside: Tensor,
    /// 1 at the tokens of completions, `(rows, seq)`, of the dtype of the log-probabilities.
    pub(super) mask: Tensor,
    /// `(rows, 1)`.
    pub(super) advantages: Tensor,
}

impl PolicyTokens {
    /// The tokens under the policy.
    ///
    /// * `logps`: the policy's log-probability of each token, `(rows, seq)`, in nats; differentiable.
    /// * `mask`: non-zero at the tokens that count, `(rows, seq)`: no padding, no [truncated](super::mask_truncated) completions.
    /// * `advantages`: the advantage of each completion, `(rows)`.
    ///
    /// # Errors
    /// Shapes, dtypes or devices that do not fit, or advantages that are not finite.
    pub fn new(logps: &Tensor, mask: &Tensor, advantages: &Tensor) -> Result<Self> {
        check::float("logps", logps)?;
        let [rows, seq] = check::dimensions("logps", logps, "(rows, seq)")?;
        check::shape("mask", mask, &[rows, seq])?;
        check::same_device("mask", mask, logps)?;
        check::shape("advantages", advantages, &[rows])?;
        check::same_device("advantages", advantages, logps)?;
        check::values("advantages", advantages, "finite numbers", |_| true)?;
        let inside = mask.f_to_kind(Kind::Bool)?;
        let outside = inside.f_logical_not()?;
        Ok(Self {
            logps: logps.f_masked_fill(&outside, 0.0)?,
            old_logps: None,
            reference_logps: None,
            outside,
            mask: inside.f_to_kind(logps.kind())?,
            advantages: advantages.f_detach()?.f_to_kind(logps.kind())?.f_unsqueeze(1)?,
        })
    }

    /// Sets the log-probabilities under the policy that generated the completions, `(rows, seq)`. Without them they are those of the
    /// policy itself: it has made no step since.
    ///
    /// # Errors
    /// Shapes, dtypes or devices that do not fit.
    pub fn with_old_logps(self, old_logps: &Tensor) -> Result<Self> {
        let old_logps = Some(self.constant("old_logps", old_logps)?);
        Ok(Self { old_logps, ..self })
    }

    /// Sets the log-probabilities under the reference model, `(rows, seq)`, for the KL penalty of GRPO.
    ///
    /// # Errors
    /// Shapes, dtypes or devices that do not fit.
    pub fn with_reference_logps(self, reference_logps: &Tensor) -> Result<Self> {
        let reference_logps = Some(self.constant("reference_logps", reference_logps)?);
        Ok(Self { reference_logps, ..self })
    }

    /// The number of completions.
    pub fn rows(&self) -> i64 {
        self.advantages.size().first().copied().unwrap_or(0)
    }

    /// The number of tokens that count.
    ///
    /// # Errors
    /// LibTorch errors only.
    pub fn count(&self) -> Result<f64> {
        Ok(self.mask.f_sum(Kind::Double)?.f_double_value(&[])?)
    }

    /// The number of tokens of each completion, at least 1: `(rows, 1)`.
    pub(super) fn lengths(&self) -> Result<Tensor> {
        let lengths = self.mask.f_sum_dim_intlist([1i64].as_slice(), true, self.mask.kind())?;
        Ok(lengths.f_clamp_min(1.0)?)
    }

    /// `log π - log π_old` of each token, `(rows, seq)`.
    pub(super) fn log_ratios(&self) -> Result<Tensor> {
        match &self.old_logps {
            Some(old_logps) => Ok(self.logps.f_sub(old_logps)?),
            None => Ok(self.logps.f_sub(&self.logps.f_detach()?)?),
        }
    }

    fn constant(&self, argument: &'static str, x: &Tensor) -> Result<Tensor> {
        check::float(argument, x)?;
        check::shape(argument, x, &self.logps.size())?;
        check::same_device(argument, x, &self.logps)?;
        Ok(x.f_detach()?.f_to_kind(self.logps.kind())?.f_masked_fill(&self.outside, 0.0)?)
    }
}
