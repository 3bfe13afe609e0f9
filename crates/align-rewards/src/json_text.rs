use serde_json::{Map, Value};

/// The value of a text that is one JSON value, with nothing but white space around it.
pub(crate) fn value(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

/// The fields of a text that is one JSON object.
pub(crate) fn object(text: &str) -> Option<Map<String, Value>> {
    match value(text) {
        Some(Value::Object(fields)) => Some(fields),
        _ => None,
    }
}
