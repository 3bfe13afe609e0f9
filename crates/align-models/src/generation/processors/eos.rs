use super::LogitsProcessor;

/// Excludes all other tokens when the last token of the maximum length is selected.
#[derive(Debug, Clone)]
pub struct ForcedEos {
    /// Maximum length in tokens, including prompt and padding.
    pub max_length: usize,
    /// The allowed tokens, which become equally likely.
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

/// Makes EOS more likely with each token after the `start`-th new one: after n more tokens, the score `s` of an EOS becomes
/// `s + |s| · (factorⁿ - 1)`.
#[derive(Debug, Clone)]
pub struct ExponentialDecayLengthPenalty {
    /// Length of the prompt in tokens, including padding.
    pub prompt_length: usize,
    /// Number of new tokens before the penalty starts.
    pub start: usize,
    /// Above 1 to encourage EOS, below 1 to discourage it.
    pub factor: f64,
    /// End-of-sequence ids.
    pub eos_token_id: Vec<i64>,
}

impl LogitsProcessor for ExponentialDecayLengthPenalty {
    fn process(&self, ids: &[i64], scores: &mut [f32]) {
        let begin = self.prompt_length.saturating_add(self.start);
        let Some(excess @ 1..) = ids.len().checked_sub(begin) else {
            return;
        };
        // Clamped: zero times infinity would be NaN.
        let growth = (self.factor.powf(excess as f64) - 1.0).min(f64::from(f32::MAX)) as f32;
        for &id in &self.eos_token_id {
            // An excluded EOS stays excluded. In transformers it becomes NaN.
            if let Some(score) = usize::try_from(id).ok().and_then(|id| scores.get_mut(id))
                && score.is_finite()
            {
                *score += score.abs() * growth;
            }
        }
    }
}
