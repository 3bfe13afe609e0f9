use super::{LogitsProcessor, mask_tokens};

/// Excludes tokens everywhere.
#[derive(Debug, Clone)]
pub struct SuppressTokens {
    /// The excluded tokens.
    pub suppress_tokens: Vec<i64>,
}

impl LogitsProcessor for SuppressTokens {
    fn process(&self, _ids: &[i64], scores: &mut [f32]) {
        mask_tokens(&self.suppress_tokens, scores);
    }
}

/// Excludes tokens directly after the prompt.
#[derive(Debug, Clone)]
pub struct SuppressTokensAtBegin {
    /// The excluded tokens.
    pub begin_suppress_tokens: Vec<i64>,
    /// Length of the prompt in tokens, including padding.
    pub begin_index: usize,
}

impl LogitsProcessor for SuppressTokensAtBegin {
    fn process(&self, ids: &[i64], scores: &mut [f32]) {
        if ids.len() == self.begin_index {
            mask_tokens(&self.begin_suppress_tokens, scores);
        }
    }
}
