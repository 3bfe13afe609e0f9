use crate::{Result, check};
use tch::Tensor;

/// The range that PPO's clip keeps the ratio in: `1 - epsilon` to `1 + epsilon_high`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClipRange {
    /// How far below 1 the ratio counts.
    pub epsilon: f64,
    /// How far above 1 the ratio counts; `epsilon` by default. DAPO's clip-higher (arXiv:2503.14476) uses 0.28 with an `epsilon` of 0.2.
    pub epsilon_high: Option<f64>,
}

impl ClipRange {
    /// The smallest ratio of the range.
    #[must_use]
    pub fn low(self) -> f64 {
        1.0 - self.epsilon
    }

    /// The largest ratio of the range.
    #[must_use]
    pub fn high(self) -> f64 {
        1.0 + self.epsilon_high.unwrap_or(self.epsilon)
    }

    pub(super) fn validate(self) -> Result<()> {
        check::at_least_zero("epsilon", self.epsilon)?;
        check::at_least_zero("epsilon_high", self.epsilon_high.unwrap_or(0.0))
    }
}

/// Which ratios the clip holds back, as TRL counts them.
#[derive(Debug)]
pub(super) struct Clipped {
    /// Below the range with a negative advantage, bool.
    pub low: Tensor,
    /// Above the range with a positive advantage, bool.
    pub high: Tensor,
}

impl Clipped {
    pub fn new(ratio: &Tensor, advantages: &Tensor, range: ClipRange) -> Result<Self> {
        let low = ratio.f_lt(range.low())?.f_logical_and(&advantages.f_lt(0.0)?)?;
        let high = ratio.f_gt(range.high())?.f_logical_and(&advantages.f_gt(0.0)?)?;
        Ok(Self { low, high })
    }
}

/// `-min(r A, clip(r) A)` with `r` at most `delta`, and its derivative with respect to the ratio.
///
/// The derivative is that of LibTorch's graph on the kinks too: where both sides are equal, it is the mean of theirs.
pub(super) fn surrogate(
    ratio: &Tensor,
    advantages: &Tensor,
    range: ClipRange,
    delta: Option<f64>,
) -> Result<(Tensor, Tensor)> {
    let (low, high) = (range.low(), range.high());
    let capped = match delta {
        Some(delta) => ratio.f_clamp_max(delta)?,
        None => ratio.shallow_clone(),
    };
    let plain = capped.f_mul(advantages)?;
    let clipped = ratio.f_clamp(low, high)?.f_mul(advantages)?;
    let losses = plain.f_minimum(&clipped)?.f_neg()?;
    let of_plain = match delta {
        Some(delta) => ratio.f_le(delta)?.f_to_kind(ratio.kind())?.f_mul(advantages)?,
        None => advantages.f_expand_as(ratio)?,
    };
    let inside = ratio.f_ge(low)?.f_logical_and(&ratio.f_le(high)?)?.f_to_kind(ratio.kind())?;
    let of_clipped = inside.f_mul(advantages)?;
    let both = of_plain.f_add(&of_clipped)?.f_mul_scalar(0.5)?;
    let derivative = of_plain.f_where_self(&plain.f_lt_tensor(&clipped)?, &both)?;
    let derivative = of_clipped.f_where_self(&plain.f_gt_tensor(&clipped)?, &derivative)?;
    Ok((losses, derivative.f_neg()?))
}
