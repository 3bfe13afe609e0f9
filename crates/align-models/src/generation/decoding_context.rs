use super::GenerationConfig;
use super::pipeline::Pipeline;
use super::stopping_criteria::StoppingCriteria;

/// The inputs that all decoding strategies share.
pub(super) struct DecodingContext<'a> {
    pub config: &'a GenerationConfig,
    pub stopping: &'a StoppingCriteria,
    /// End-of-sequence ids.
    pub eos: Vec<i64>,
    pub prompts: Vec<Prompt<'a>>,
}

/// A prompt to complete.
#[derive(Clone, Copy)]
pub(super) struct Prompt<'a> {
    pub ids: &'a [i64],
    /// Part of the key of the random numbers.
    pub index: u64,
    pub limits: &'a Limits,
}

/// What depends on the length of a prompt.
pub(super) struct Limits {
    pub prompt_length: usize,
    /// Maximum length of a text, including prompt and padding.
    pub max_length: usize,
    pub pipeline: Pipeline,
}

impl DecodingContext<'_> {
    /// Maximum number of new tokens of any text.
    pub fn most_new_tokens(&self) -> usize {
        self.prompts.iter().map(|prompt| prompt.limits.new_tokens()).max().unwrap_or(0)
    }

    /// Whether a stopping criterion ends the text `ids`, which includes the prompt, at its last token.
    pub fn stopped(&self, ids: &[i64], limits: &Limits) -> bool {
        self.stopping.stops(ids, limits.prompt_length)
    }
}

impl Limits {
    /// Maximum number of new tokens.
    pub fn new_tokens(&self) -> usize {
        self.max_length.saturating_sub(self.prompt_length)
    }
}
