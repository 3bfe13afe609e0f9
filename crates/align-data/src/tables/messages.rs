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
        let missing = missing_content(&item);
        let message = Message::from_json(from_share_gpt(item)).and_then(|message| missing.map_or(Ok(message), Err));
        message.map_err(|problem| column.message_error(row, number, problem))
    };
    items.into_iter().enumerate().map(message).collect()
}

/// What is wrong with a message that says nothing. Only a call of functions may have no content: a template would print
/// `None`, or nothing.
fn missing_content(message: &Value) -> Option<String> {
    let fields = message.as_object()?;
    let field = if is_share_gpt(fields) { "value" } else { "content" };
    let found = match fields.get(field) {
        None => "no such field",
        Some(Value::Null) => "nothing (null)",
        Some(_) => return None,
    };
    let has_calls = |name: &str| match fields.get(name) {
        None | Some(Value::Null) => false,
        Some(Value::Array(calls)) => !calls.is_empty(),
        Some(_) => true,
    };
    let problem = || format!("{field}: expected a text, found {found}; only a message with tool_calls may have none");
    (!CALLS.into_iter().any(has_calls)).then(problem)
}

/// The fields of calls of functions.
const CALLS: [&str; 2] = ["tool_calls", "function_call"];

fn is_share_gpt(fields: &Map<String, Value>) -> bool {
    fields.contains_key("from") && !fields.contains_key("role")
}

/// Renames `from` and `value` to `role` and `content`, as TRL's `maybe_convert_to_chatml` does, and ShareGPT's roles to
/// those of chat templates. Other messages are left as they are.
fn from_share_gpt(message: Value) -> Value {
    match message {
        Value::Object(fields) if is_share_gpt(&fields) => {
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
