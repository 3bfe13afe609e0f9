use super::{LogitsProcessor, rule_out};

/// Rules out the end of a text that is shorter than `min_length`, prompt and padding included.
#[derive(Debug, Clone)]
pub struct MinLength {
    /// Least length of a text in tokens.
    pub min_length: usize,
    /// Ids that end a text.
    pub eos_token_id: Vec<i64>,
}

impl LogitsProcessor for MinLength {
    fn process(&self, ids: &[i64], scores: &mut [f32]) {
        if ids.len() < self.min_length {
            rule_out(&self.eos_token_id, scores);
        }
    }
}

/// Rules out the end of a text that has fewer than `min_new_tokens` tokens behind its prompt.
#[derive(Debug, Clone)]
pub struct MinNewTokens {
    /// Length of the prompt in tokens, padding included.
    pub prompt_length: usize,
    /// Least number of tokens behind the prompt.
    pub min_new_tokens: usize,
    /// Ids that end a text.
    pub eos_token_id: Vec<i64>,
}

impl LogitsProcessor for MinNewTokens {
    fn process(&self, ids: &[i64], scores: &mut [f32]) {
        if ids.len() < self.prompt_length.saturating_add(self.min_new_tokens) {
            rule_out(&self.eos_token_id, scores);
        }
    }
}
