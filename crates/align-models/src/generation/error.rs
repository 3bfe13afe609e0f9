use align_torch::bytes_in_words;

/// Generation options or inputs that cannot be honoured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenerationError {
    /// An option whose value is outside its range.
    #[error("`{option}` is {found}: expected {expected}")]
    Value {
        /// The option's name in transformers.
        option: &'static str,
        /// The value given.
        found: String,
        /// The values it may take.
        expected: &'static str,
    },
    /// An option that would be ignored, or that contradicts another one.
    #[error("`{option}` is set, but {conflict}: {remedy}")]
    Conflict {
        /// The option's name in transformers.
        option: &'static str,
        /// Why it would have no effect or cannot be honoured.
        conflict: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A number of texts, beams or prompts that memory does not hold.
    #[error("`{option}` is {found}: at most {most} fit into the {} of memory that there are", bytes_in_words(*bytes))]
    Memory {
        /// The option that asks for so many.
        option: &'static str,
        /// How many it asks for.
        found: usize,
        /// How many fit.
        most: u64,
        /// Bytes that this process can have.
        bytes: u64,
    },
    /// Prompts or an attention mask that cannot be continued.
    #[error("{0}")]
    Prompt(String),
    /// Fewer continuations than were asked for survive.
    #[error(
        "prompt {prompt}, step {step}: {survivors} continuations are left, {needed} are needed: the model's scores are \
         NaN or the options rule out nearly every token (relax no_repeat_ngram_size, top_k, top_p or the cutoffs, or \
         ask for fewer num_return_sequences)"
    )]
    NothingLeft {
        /// The prompt's number.
        prompt: u64,
        /// Tokens generated before.
        step: usize,
        /// Continuations left.
        survivors: usize,
        /// Continuations needed.
        needed: usize,
    },
}
