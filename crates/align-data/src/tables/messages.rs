//! Messages in a table's cell: with `role` and `content`, or with `from` and `value` (ShareGPT).

use super::column_context::ColumnContext;
use crate::Result;
use crate::chat::Message;
use serde_json::{Map, Value};

/// Most messages of a conversation.
const MAX_MESSAGES: usize = 10_000;

/// ShareGPT's names of roles, and those that chat templates use.
const ROLES: [(&str, &str); 6] = [
    ("human", "user"),
    ("gpt", "assistant"),
    ("chatgpt", "assistant"),
    ("bot", "assistant"),
    ("function_call", "assistant"),
    ("observation", "tool"),
];

/// Parses a list of messages, or a single message.
pub(super) fn parse_messages(json: &str, column: &ColumnContext<'_>, row: usize) -> Result<Vec<Message>> {
    let error = |found: String| column.cell_error(row, "a list of messages", found);
    let items = match serde_json::from_str(json).map_err(|problem| error(problem.to_string()))? {
        Value::Array(items) => items,
        message => vec![message],
    };
    if items.is_empty() || items.len() > MAX_MESSAGES {
        let found = if items.is_empty() { "an empty list".to_owned() } else { format!("{} messages", items.len()) };
        return Err(column.cell_error(row, format!("a list of 1 to {MAX_MESSAGES} messages"), found));
    }
    let message = |(number, item): (usize, Value)| {
        let message = Message::from_json(from_share_gpt(item));
        message.map_err(|problem| column.cell_error(row, "messages", format!("message {}: {problem}", number + 1)))
    };
    items.into_iter().enumerate().map(message).collect()
}

/// Renames `from` and `value` to `role` and `content`, as TRL's `maybe_convert_to_chatml` does, and ShareGPT's roles to
/// those of chat templates. Other messages are left as they are.
fn from_share_gpt(message: Value) -> Value {
    match message {
        Value::Object(fields) if fields.contains_key("from") && !fields.contains_key("role") => {
            let is_call = fields.get("from").is_some_and(|from| from == "function_call");
            let renamed = fields.into_iter().map(|(name, value)| match name.as_str() {
                "from" => ("role".to_owned(), role(value)),
                "value" => ("content".to_owned(), value),
                _ => (name, value),
            });
            let fields: Map<String, Value> = renamed.collect();
            Value::Object(if is_call { function_call(fields) } else { fields })
        }
        other => other,
    }
}

fn role(from: Value) -> Value {
    let known = ROLES.iter().find(|(name, _)| from == *name);
    known.map_or(from, |(_, role)| Value::from(*role))
}

/// The calls that a message holds as JSON text, in the form that chat templates expect.
fn function_call(mut fields: Map<String, Value>) -> Map<String, Value> {
    let calls = fields.get("content").and_then(Value::as_str).and_then(|text| serde_json::from_str(text).ok());
    let calls = match calls {
        Some(Value::Array(calls)) => calls,
        Some(call @ Value::Object(_)) => vec![call],
        _ => return fields,
    };
    let call = |function: Value| serde_json::json!({"type": "function", "function": function});
    fields.insert("content".to_owned(), Value::from(""));
    fields.insert("tool_calls".to_owned(), calls.into_iter().map(call).collect());
    fields
}
