use crate::{Error, Result};
use align_base::random::generator;
use align_data::chat::Message;
use align_data::{CompletionExample, ConversationCompletion, ConversationPrompt, Tokenizer, render_prompts};
use rand::seq::SliceRandom;
use std::path::PathBuf;

/// A prompt that the policy continues or answers.
#[derive(Debug, Clone, PartialEq)]
pub enum RoundPrompt {
    /// A text to continue.
    Text(String),
    /// A conversation to answer.
    Conversation(ConversationPrompt),
}

/// The prompts of a run, with a name for the model card.
#[derive(Debug, Clone, PartialEq)]
pub struct RoundPrompts {
    /// Their name.
    pub name: String,
    /// The files that they were read from.
    pub files: Vec<PathBuf>,
    /// The prompts, all texts or all conversations.
    pub prompts: Vec<RoundPrompt>,
}

impl From<Vec<String>> for RoundPrompts {
    /// Texts to continue, without a name.
    fn from(texts: Vec<String>) -> Self {
        let prompts = texts.into_iter().map(RoundPrompt::Text).collect();
        Self { name: "unnamed prompts".to_owned(), files: Vec::new(), prompts }
    }
}

impl RoundPrompt {
    /// The prompt with a completion, as judges take it.
    #[must_use]
    pub fn with_completion(&self, completion: &str) -> CompletionExample {
        match self {
            Self::Text(prompt) => CompletionExample::Plain((prompt.clone(), completion.to_owned())),
            Self::Conversation(prompt) => CompletionExample::Conversation(ConversationCompletion {
                prompt: prompt.messages.clone(),
                completion: vec![Message::new("assistant", completion)],
                inputs: prompt.inputs.clone(),
            }),
        }
    }
}

impl RoundPrompts {
    /// Whether the prompts are conversations.
    pub(crate) fn are_conversations(&self) -> bool {
        matches!(self.prompts.first(), Some(RoundPrompt::Conversation(_)))
    }

    /// The token ids of each prompt.
    pub(crate) fn encode(&self, tokenizer: &Tokenizer) -> Result<Vec<Vec<i64>>> {
        let (mut texts, mut conversations) = (Vec::new(), Vec::new());
        for prompt in &self.prompts {
            match prompt {
                RoundPrompt::Text(text) => texts.push(text.as_str()),
                RoundPrompt::Conversation(conversation) => conversations.push(conversation.clone()),
            }
        }
        let fail = |reason: String| Error::Config { option: "prompts", reason };
        let encoded = match (texts.is_empty(), conversations.is_empty()) {
            (true, true) => return Err(fail("has no prompts: give at least one".to_owned())),
            (false, false) => return Err(fail("mixes texts and conversations: use one kind".to_owned())),
            (false, true) => tokenizer.encode_prompts(&texts),
            (true, false) => render_prompts(tokenizer, &conversations)
                .and_then(|rendered| tokenizer.encode_batch(&rendered, false, None)),
        };
        let encoded = encoded.map_err(align_train::Error::from)?;
        match encoded.iter().position(Vec::is_empty) {
            Some(place) => Err(fail(format!("has an empty prompt, number {}: remove it", place + 1))),
            None => Ok(encoded),
        }
    }
}

/// The prompts of a round, counted from 0: `count` of `prompts`, which follow one another through random orders of all prompts, a new
/// order for each pass. Depends only on the arguments.
pub(crate) fn prompts_of_round(prompts: usize, count: usize, (seed, round): (u64, u64)) -> Vec<usize> {
    let first = (round as usize).saturating_mul(count);
    let (mut chosen, mut pass, mut order) = (Vec::with_capacity(count), None, Vec::new());
    for place in first..first.saturating_add(count) {
        let of_place = place / prompts.max(1);
        if pass != Some(of_place) {
            order = (0..prompts).collect::<Vec<usize>>();
            order.shuffle(&mut generator(seed, "round prompts", of_place as u64));
            pass = Some(of_place);
        }
        chosen.extend(order.get(place % prompts.max(1)));
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_follow_one_another_through_random_orders() {
        let rounds: Vec<usize> = (0..3).flat_map(|round| prompts_of_round(6, 4, (1, round))).collect();
        for pass in rounds.chunks(6) {
            let mut sorted = pass.to_vec();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..6).collect::<Vec<_>>());
        }
        assert_ne!(rounds[..6], rounds[6..]);
        assert_ne!(prompts_of_round(6, 4, (2, 0)), prompts_of_round(6, 4, (1, 0)));
        assert_eq!(prompts_of_round(2, 5, (1, 0)).len(), 5);
    }
}
