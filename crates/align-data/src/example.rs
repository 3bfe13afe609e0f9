//! Rows in both formats that training takes.

use crate::{
    ConversationCompletion, ConversationPair, PairNumbers, PreferencePair, UnpairedConversation, UnpairedPreference,
};

/// A row in one of the two formats of data sets: plain texts (TRL's standard format), or messages to which the model's
/// chat template is applied (its conversational format).
#[derive(Debug, Clone, PartialEq)]
pub enum Example<P, C> {
    /// Plain texts.
    Plain(P),
    /// Messages.
    Conversation(C),
}

/// A preference pair of texts or conversations.
pub type PairExample = Example<PreferencePair, ConversationPair>;

/// A text or a conversation with a binary label.
pub type UnpairedExample = Example<UnpairedPreference, UnpairedConversation>;

/// A prompt, which may be empty, with a completion.
pub type CompletionExample = Example<(String, String), ConversationCompletion>;

/// A preference pair for training a reward model. Its own margin is by how much the rewards of its two texts are to differ.
#[derive(Debug, Clone, PartialEq)]
pub struct RewardExample {
    /// The pair.
    pub pair: PairExample,
}

impl<P: Into<PairExample>> From<P> for RewardExample {
    fn from(pair: P) -> Self {
        Self { pair: pair.into() }
    }
}

impl<P, C> Example<P, C> {
    /// The plain row, if it is one.
    pub fn as_plain(&self) -> Option<&P> {
        if let Self::Plain(row) = self { Some(row) } else { None }
    }

    /// The conversation, if it is one.
    pub fn as_conversation(&self) -> Option<&C> {
        if let Self::Conversation(row) = self { Some(row) } else { None }
    }
}

impl PairExample {
    /// The pair's own numbers, to be set.
    pub fn numbers_mut(&mut self) -> &mut PairNumbers {
        match self {
            Self::Plain(pair) => &mut pair.numbers,
            Self::Conversation(pair) => &mut pair.numbers,
        }
    }
}

impl From<PreferencePair> for PairExample {
    fn from(row: PreferencePair) -> Self {
        Self::Plain(row)
    }
}

impl From<ConversationPair> for PairExample {
    fn from(row: ConversationPair) -> Self {
        Self::Conversation(row)
    }
}

impl From<UnpairedPreference> for UnpairedExample {
    fn from(row: UnpairedPreference) -> Self {
        Self::Plain(row)
    }
}

impl From<UnpairedConversation> for UnpairedExample {
    fn from(row: UnpairedConversation) -> Self {
        Self::Conversation(row)
    }
}

impl From<(String, String)> for CompletionExample {
    fn from(row: (String, String)) -> Self {
        Self::Plain(row)
    }
}

impl From<ConversationCompletion> for CompletionExample {
    fn from(row: ConversationCompletion) -> Self {
        Self::Conversation(row)
    }
}
