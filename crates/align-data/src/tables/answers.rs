use super::columns::Column;
use super::raw_table::RawTable;
use super::table::{Row, Table};
use super::value::Value;
use crate::Result;
use crate::chat::Message;

/// Conversations with a model's answers, in TRL's conversational prompt-completion format.
pub type Answers = Table<AnsweredPrompt>;

/// A conversation with a model's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnsweredPrompt {
    /// The messages of the prompt, as JSON.
    prompt: String,
    /// The list of the messages that answer it, as JSON.
    completion: String,
}

impl AnsweredPrompt {
    /// A conversation with the assistant's answer.
    #[must_use]
    pub fn new(prompt: &[Message], answer: &str) -> Self {
        Self::from_messages(prompt, &[Message::new("assistant", answer)])
    }

    fn from_messages(prompt: &[Message], completion: &[Message]) -> Self {
        let json = |messages: &[Message]| serde_json::to_string(messages).unwrap_or_default();
        Self { prompt: json(prompt), completion: json(completion) }
    }
}

impl Row for AnsweredPrompt {
    const TABLE: &'static str = "table of answers";

    const COLUMNS: &'static [Column] = &[Column::json("prompt"), Column::json("completion")];

    fn read_rows(raw: &mut RawTable) -> Result<Vec<Self>> {
        let mut take = |name: &str| Ok::<_, crate::Error>(raw.optional_messages(name)?.unwrap_or_default());
        let (prompts, completions) = (take("prompt")?, take("completion")?);
        Ok(prompts.iter().zip(&completions).map(|(prompt, answer)| Self::from_messages(prompt, answer)).collect())
    }

    fn value(&self, column: &str) -> Value<'_> {
        match column {
            "prompt" => Value::Json(&self.prompt),
            "completion" => Value::Json(&self.completion),
            _ => Value::Null,
        }
    }
}
