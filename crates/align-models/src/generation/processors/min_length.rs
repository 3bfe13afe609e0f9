use super::{LogitsProcessor, mask_tokens};

/// Excludes EOS while a text, including prompt and padding, is shorter than `min_length`.
#[derive(Debug, Clone)]
pub struct MinLength {
    /// Minimum length in tokens.
    pub min_length: usize,
    /// End-of-sequence ids.
    pub eos_token_id: Vec<i64>,
}

impl LogitsProcessor for MinLength {
    fn process(&self, ids: &[i64], scores: &mut [f32]) {
        if ids.len() < self.min_length {
            mask_tokens(&self.eos_token_id, scores);
        }
    }
}

/// Excludes EOS while a text has fewer than `min_new_tokens` new tokens.
#[derive(Debug, Clone)]
pub struct MinNewTokens {
    /// Length of the prompt in tokens, including padding.
    pub prompt_length: usize,
    /// Minimum number of new tokens.
    pub min_new_tokens: usize,
    /// End-of-sequence ids.
    pub eos_token_id: Vec<i64>,
}

impl LogitsProcessor for MinNewTokens {
    fn process(&self, ids: &[i64], scores: &mut [f32]) {
        if ids.len() < self.prompt_length.saturating_add(self.min_new_tokens) {
            mask_tokens(&self.eos_token_id, scores);
        }
    }
}
