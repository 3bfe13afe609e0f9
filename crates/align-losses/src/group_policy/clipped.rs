//! The loss of a token in the loss types with PPO's clip.

use super::clip_range::{Clipped, surrogate};
use super::ratio::Ratio;
use super::token_term::{Shown, Term};
use super::{GrpoOptions, PolicyTokens};
use crate::Result;

/// `-min(r A, clip(r, 1 - ε, 1 + ε_high) A)`, with the first `r` at most `δ`.
pub(super) fn clipped(tokens: &PolicyTokens, ratio: &Ratio, options: &GrpoOptions) -> Result<Term> {
    let (range, advantages) = (options.clip_range(), &tokens.advantages);
    let (losses, by_ratio) = surrogate(&ratio.value, advantages, range, options.delta)?;
    let value = ratio.value.f_detach()?;
    let counted = match options.delta {
        Some(delta) => value.f_clamp_max(delta)?,
        None => value,
    };
    let shown = Shown::Clipped(Clipped::new(&counted, advantages, range)?);
    Ok(Term { losses, by_ratio: Some(by_ratio), by_logps: None, shown })
}
