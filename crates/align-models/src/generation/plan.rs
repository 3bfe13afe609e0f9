use super::GenerationConfig;
use super::pipeline::Pipeline;
use super::stopping::Stopping;

/// What the strategies share.
pub(super) struct Plan<'a> {
    pub config: &'a GenerationConfig,
    pub pipeline: Pipeline,
    pub stopping: &'a Stopping,
    /// Ids that end a text.
    pub eos: Vec<i64>,
    pub prompts: &'a [Vec<i64>],
    /// The prompts' numbers, which random draws are keyed by.
    pub keys: &'a [u64],
    pub prompt_length: usize,
    pub max_length: usize,
}

impl Plan<'_> {
    /// Whether a criterion of the user's ends the text `ids`, prompt included, at its last token.
    pub fn stopped(&self, ids: &[i64]) -> bool {
        self.stopping.stops(ids, self.prompt_length)
    }
}
