use serde::Serialize;
use serde_json::Value;

/// A completion whose reward is computed.
///
/// As JSON it is an object with the fields of this type; `messages` is missing for a plain prompt.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RewardInput<'a> {
    /// The text of the prompt; of a conversation, as its chat template renders it.
    pub prompt: &'a str,
    /// The text of the completion, without special tokens.
    pub completion: &'a str,
    /// The messages of a prompt that is a conversation, each an object with `role` and `content`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages: Option<&'a [Value]>,
}

impl<'a> RewardInput<'a> {
    /// A completion of a plain prompt.
    #[must_use]
    pub fn new(prompt: &'a str, completion: &'a str) -> Self {
        Self { prompt, completion, messages: None }
    }
}
