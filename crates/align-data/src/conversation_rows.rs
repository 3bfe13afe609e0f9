//! Rows whose texts are conversations.

use crate::PairNumbers;
use crate::chat::Message;
use serde_json::{Map, Value};

/// What a row gives its chat template besides the messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TemplateInputs {
    /// The functions that the model may call: a list of JSON schemas.
    pub tools: Option<Value>,
    /// Further variables of the template.
    pub chat_template_kwargs: Map<String, Value>,
}

/// A preference pair of conversations: two ways in which the messages of the prompt go on.
#[derive(Debug, Clone, PartialEq)]
pub struct ConversationPair {
    /// The messages of the prompt.
    pub prompt: Vec<Message>,
    /// The chosen messages.
    pub chosen: Vec<Message>,
    /// The rejected messages.
    pub rejected: Vec<Message>,
    /// What the template is given besides.
    pub inputs: TemplateInputs,
    /// The pair's own numbers.
    pub numbers: PairNumbers,
}

impl ConversationPair {
    /// Creates a pair without tools and numbers.
    pub fn new(prompt: Vec<Message>, chosen: Vec<Message>, rejected: Vec<Message>) -> Self {
        Self { prompt, chosen, rejected, inputs: TemplateInputs::default(), numbers: PairNumbers::default() }
    }
}

/// A conversation with a binary label, such as a thumbs-up or thumbs-down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnpairedConversation {
    /// The messages of the prompt.
    pub prompt: Vec<Message>,
    /// The messages that are judged.
    pub completion: Vec<Message>,
    /// Whether they are desirable.
    pub label: bool,
    /// Whether they are one side of a preference pair ([`UnpairedConversation::from_pairs`]).
    pub from_pair: bool,
    /// What the template is given besides.
    pub inputs: TemplateInputs,
}

impl UnpairedConversation {
    /// Converts each pair to two consecutive rows: the chosen messages are desirable, the rejected ones are not.
    pub fn from_pairs(pairs: Vec<ConversationPair>) -> Vec<Self> {
        let rows = pairs.into_iter().flat_map(|ConversationPair { prompt, chosen, rejected, inputs, .. }| {
            let row = |completion, label| {
                let (prompt, inputs) = (prompt.clone(), inputs.clone());
                Self { prompt, completion, label, from_pair: true, inputs }
            };
            [row(chosen, true), row(rejected, false)]
        });
        rows.collect()
    }
}

/// A conversation to train on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationCompletion {
    /// The messages of the prompt; none if the whole conversation is trained on.
    pub prompt: Vec<Message>,
    /// The messages that follow.
    pub completion: Vec<Message>,
    /// What the template is given besides.
    pub inputs: TemplateInputs,
}

impl ConversationCompletion {
    /// Creates a conversation without a prompt and without tools.
    pub fn from_messages(messages: Vec<Message>) -> Self {
        Self { prompt: Vec::new(), completion: messages, inputs: TemplateInputs::default() }
    }
}

/// A conversation that a model is to continue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationPrompt {
    /// The messages so far.
    pub messages: Vec<Message>,
    /// What the template is given besides.
    pub inputs: TemplateInputs,
}

impl ConversationPrompt {
    /// A conversation that begins with a message of the user.
    pub fn from_user(text: &str) -> Self {
        Self { messages: vec![Message::new("user", text)], inputs: TemplateInputs::default() }
    }
}
