//! One turn of a conversation.

use serde_json::{Map, Value};

/// A message of a conversation: a JSON object with a string `role`.
///
/// The other fields, such as `content`, `name` or `tool_calls`, are kept in their order; what they mean is up to the
/// chat template.
///
/// ```
/// use align_data::chat::Message;
/// let message = Message::new("user", "Name a comedy.");
/// assert_eq!((message.role(), message.content()), ("user", Some("Name a comedy.")));
/// assert!(Message::from_json(serde_json::json!({"content": "no role"})).is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct Message(Map<String, Value>);

impl Message {
    /// A message with a role, such as `user` or `assistant`, and a text.
    pub fn new(role: &str, content: &str) -> Self {
        let mut fields = Map::new();
        fields.insert("role".to_owned(), role.into());
        fields.insert("content".to_owned(), content.into());
        Self(fields)
    }

    /// Takes a message from a JSON object.
    ///
    /// # Errors
    /// What is wrong, when the value is not an object or its `role` is not a string.
    pub fn from_json(value: Value) -> Result<Self, String> {
        let Value::Object(fields) = value else {
            return Err(format!("expected a message, an object with a role, found {}", short(&value)));
        };
        match fields.get("role") {
            Some(Value::String(_)) => Ok(Self(fields)),
            Some(other) => Err(format!("role: expected a string, found {}", short(other))),
            None => {
                let names = fields.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                Err(format!("expected a message with a role, found the fields {{{names}}}"))
            }
        }
    }

    /// Who speaks: usually `system`, `user`, `assistant` or `tool`.
    pub fn role(&self) -> &str {
        self.0.get("role").and_then(Value::as_str).unwrap_or_default()
    }

    /// The text, if `content` is a string.
    pub fn content(&self) -> Option<&str> {
        self.0.get("content").and_then(Value::as_str)
    }

    /// All fields.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.0
    }

    pub(super) fn fields_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.0
    }
}

/// Most characters of a value in an error message.
const SHOWN: usize = 60;

/// The beginning of a value's JSON text.
fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
