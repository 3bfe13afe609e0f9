use crate::{Error, Result};
use align_data::{ConversationPrompt, Tokenizer, render_prompts};
use align_models::CausalLm;
use align_models::generation::{Generation, GenerationConfig};

/// Maximum new tokens of a text that is continued.
const MAX_TEXT_TOKENS: usize = 48;
/// Maximum new tokens of an answer.
const MAX_ANSWER_TOKENS: usize = 256;

/// The prompts of [`SampleTexts`](super::SampleTexts).
#[derive(Debug, Clone, PartialEq)]
pub enum SamplePrompts {
    /// Texts that the model continues.
    Texts(Vec<String>),
    /// Conversations that the model answers with its chat template.
    Conversations(Vec<ConversationPrompt>),
}

impl SamplePrompts {
    /// The token ids of each prompt.
    pub(super) fn encode(&self, tokenizer: &Tokenizer) -> Result<Vec<Vec<i64>>> {
        let ids = match self {
            Self::Texts(texts) => tokenizer.encode_prompts(texts)?,
            Self::Conversations(conversations) => {
                tokenizer.encode_batch(&render_prompts(tokenizer, conversations)?, false, None)?
            }
        };
        if ids.is_empty() { Err(Error::Data("expected at least one prompt, found none".into())) } else { Ok(ids) }
    }

    /// How a run generates: continuations are sampled, at most 48 tokens; answers are greedy, at most 256 tokens or as many as the
    /// longest prompt leaves room for, and end with the turn.
    ///
    /// # Errors
    /// Conversations and a tokeniser without a chat template, or a conversation that the template refuses or that leaves no room for an
    /// answer.
    pub fn generation<M: CausalLm + ?Sized>(&self, model: &M, tokenizer: &Tokenizer, seed: u64) -> Result<Generation> {
        let config = match self {
            Self::Texts(_) => {
                GenerationConfig { do_sample: true, max_new_tokens: Some(MAX_TEXT_TOKENS), seed, ..Default::default() }
            }
            Self::Conversations(_) => {
                let ends = tokenizer.answer_end_token_ids(model.eos_token_ids())?;
                GenerationConfig {
                    max_new_tokens: Some(answer_tokens(model, &self.encode(tokenizer)?)?),
                    eos_token_id: (!ends.is_empty()).then_some(ends),
                    seed,
                    ..Default::default()
                }
            }
        };
        Ok(Generation::new(config)?)
    }
}

/// The maximum length of the answers, which have room in the model after each of the prompts.
fn answer_tokens<M: CausalLm + ?Sized>(model: &M, prompts: &[Vec<i64>]) -> Result<usize> {
    let limit = usize::try_from(model.max_position_embeddings()).unwrap_or(0);
    let longest = prompts.iter().map(Vec::len).zip(1..).max_by_key(|(tokens, _)| *tokens);
    let (tokens, row): (usize, usize) = longest.unwrap_or_default();
    match limit.saturating_sub(tokens) {
        0 => Err(Error::Data(format!(
            "row {row}: the conversation has {tokens} tokens, which leave no room for an answer in the model's {limit}: shorten it or remove it"
        ))),
        room => Ok(room.min(MAX_ANSWER_TOKENS)),
    }
}
