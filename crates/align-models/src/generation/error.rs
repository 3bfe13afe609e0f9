use align_torch::format_bytes;

/// An error in the options or inputs of generation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenerationError {
    /// The value of an option is out of range.
    #[error("`{option}` is {found}: expected {expected}")]
    Value {
        /// The option's name in transformers.
        option: &'static str,
        /// The value given.
        found: String,
        /// The values it may take.
        expected: &'static str,
    },
    /// An option would have no effect, or contradicts another one.
    #[error("`{option}` {conflict}: {remedy}")]
    Conflict {
        /// The option's name in transformers.
        option: &'static str,
        /// Why it would have no effect, or the contradiction: the rest of a sentence that begins with the option.
        conflict: String,
        /// What to do.
        remedy: String,
    },
    /// The number of texts, beams or prompts is too large for the memory.
    #[error("`{option}` is {found}: at most {most} fit into the available memory of {}", format_bytes(*bytes))]
    Memory {
        /// The option.
        option: &'static str,
        /// Its value.
        found: usize,
        /// The largest value that fits.
        most: u64,
        /// Available memory in bytes.
        bytes: u64,
    },
    /// Invalid prompts or attention mask.
    #[error("{0}")]
    Prompt(String),
    /// Fewer continuations have a finite score than are needed.
    #[error(
        "prompt {prompt}, step {step}: only {available} continuations are possible, but {needed} are needed: the model's scores are \
         NaN or the options exclude nearly every token (relax `no_repeat_ngram_size`, `top_k`, `top_p` or the cutoffs, or \
         reduce `num_return_sequences`)"
    )]
    TooFewContinuations {
        /// The index of the prompt.
        prompt: u64,
        /// Number of tokens generated so far.
        step: usize,
        /// Number of possible continuations.
        available: usize,
        /// Number of continuations needed.
        needed: usize,
    },
}
