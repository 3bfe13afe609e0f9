use super::{LogitsProcessor, rule_out};

/// Rules out tokens everywhere.
#[derive(Debug, Clone)]
pub struct SuppressTokens {
    /// What is never chosen.
    pub suppress_tokens: Vec<i64>,
}

impl LogitsProcessor for SuppressTokens {
    fn process(&self, _ids: &[i64], scores: &mut [f32]) {
        rule_out(&self.suppress_tokens, scores);
    }
}

/// Rules out tokens right behind the prompt.
#[derive(Debug, Clone)]
pub struct SuppressTokensAtBegin {
    /// What is not chosen there.
    pub begin_suppress_tokens: Vec<i64>,
    /// Length of the prompt in tokens, padding included.
    pub begin_index: usize,
}

impl LogitsProcessor for SuppressTokensAtBegin {
    fn process(&self, ids: &[i64], scores: &mut [f32]) {
        if ids.len() == self.begin_index {
            rule_out(&self.begin_suppress_tokens, scores);
        }
    }
}
