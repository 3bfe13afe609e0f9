use super::GenerationConfig;
use super::pipeline::Pipeline;
use super::stopping_criteria::StoppingCriteria;

/// The inputs that all decoding strategies share.
pub(super) struct DecodingContext<'a> {
    pub config: &'a GenerationConfig,
    pub pipeline: Pipeline,
    pub stopping: &'a StoppingCriteria,
    /// End-of-sequence ids.
    pub eos: Vec<i64>,
    pub prompts: &'a [Vec<i64>],
    /// The indices of the prompts, which are part of the key of the random numbers.
    pub prompt_indices: &'a [u64],
    pub prompt_length: usize,
    pub max_length: usize,
}

impl DecodingContext<'_> {
    /// Whether a stopping criterion ends the text `ids`, which includes the prompt, at its last token.
    pub fn stopped(&self, ids: &[i64]) -> bool {
        self.stopping.stops(ids, self.prompt_length)
    }
}
