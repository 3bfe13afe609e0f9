use serde_json::Value;
use std::collections::BTreeSet;

/// Longest value that a message shows: a digest says nothing to a reader.
const SHOWN: usize = 60;

/// What differs between the options that a folder was begun with and those given now, in words: `dpo.beta is 1 there, 2 here`;
/// nothing where they are the same.
#[must_use]
pub fn differences(there: &Value, here: &Value) -> Vec<String> {
    let mut found = Vec::new();
    differ("", there, here, &mut found);
    found
}

fn differ(name: &str, there: &Value, here: &Value, found: &mut Vec<String>) {
    if there == here {
        return;
    }
    let (Value::Object(a), Value::Object(b)) = (there, here) else {
        let short = |value: &Value| match value {
            Value::Null => Some("not set".to_owned()),
            value => Some(value.to_string()).filter(|text| text.len() <= SHOWN),
        };
        found.push(match (short(there), short(here)) {
            (Some(there), Some(here)) => format!("{name} is {there} there, {here} here"),
            _ => format!("{name} differs"),
        });
        return;
    };
    for key in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
        let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
        differ(&name, a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null), found);
    }
}
