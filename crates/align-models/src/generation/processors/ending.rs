use super::LogitsProcessor;

/// Rules out all but these tokens where the text's last one is chosen.
#[derive(Debug, Clone)]
pub struct ForcedEos {
    /// Longest text in tokens, prompt and padding included.
    pub max_length: usize,
    /// The tokens that stay, all equally likely.
    pub eos_token_id: Vec<i64>,
}

impl LogitsProcessor for ForcedEos {
    fn process(&self, ids: &[i64], scores: &mut [f32]) {
        if ids.len().saturating_add(1) != self.max_length {
            return;
        }
        scores.fill(f32::NEG_INFINITY);
        for &id in &self.eos_token_id {
            if let Some(score) = usize::try_from(id).ok().and_then(|id| scores.get_mut(id)) {
                *score = 0.0;
            }
        }
    }
}

/// Makes the end of a text likelier with each token behind the `start`-th new one: n tokens behind it, the score `s` of an
/// EOS becomes `s + |s| · (factorⁿ - 1)`.
#[derive(Debug, Clone)]
pub struct ExponentialDecayLengthPenalty {
    /// Length of the prompt in tokens, padding included.
    pub prompt_length: usize,
    /// New tokens before it begins.
    pub start: usize,
    /// Above 1 to encourage the end, below 1 to discourage it.
    pub factor: f64,
    /// Ids that end a text.
    pub eos_token_id: Vec<i64>,
}

impl LogitsProcessor for ExponentialDecayLengthPenalty {
    fn process(&self, ids: &[i64], scores: &mut [f32]) {
        let begin = self.prompt_length.saturating_add(self.start);
        let Some(behind @ 1..) = ids.len().checked_sub(begin) else {
            return;
        };
        // Clamped: zero times infinity would be NaN.
        let growth = (self.factor.powf(behind as f64) - 1.0).min(f64::from(f32::MAX)) as f32;
        for &id in &self.eos_token_id {
            // An end that is ruled out stays so; transformers makes NaN of it.
            if let Some(score) = usize::try_from(id).ok().and_then(|id| scores.get_mut(id))
                && score.is_finite()
            {
                *score += score.abs() * growth;
            }
        }
    }
}
