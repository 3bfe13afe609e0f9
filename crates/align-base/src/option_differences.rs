use serde_json::Value;
use std::collections::BTreeSet;

/// Longest value that a message shows, in bytes. Longer values, such as digests, are only said to differ.
const LONGEST_SHOWN: usize = 60;

/// Describes each difference between the options saved with a run and the options given now: `dpo.beta was 1, is now 2`.
///
/// The list is empty if the options are equal.
#[must_use]
pub fn option_differences(saved: &Value, current: &Value) -> Vec<String> {
    let mut found = Vec::new();
    add_differences("", saved, current, &mut found);
    found
}

fn add_differences(name: &str, saved: &Value, current: &Value, found: &mut Vec<String>) {
    if saved == current {
        return;
    }
    let (Value::Object(a), Value::Object(b)) = (saved, current) else {
        let short = |value: &Value| match value {
            Value::Null => Some("not set".to_owned()),
            value => Some(value.to_string()).filter(|text| text.len() <= LONGEST_SHOWN),
        };
        found.push(match (short(saved), short(current)) {
            (Some(saved), Some(current)) => format!("{name} was {saved}, is now {current}"),
            _ => format!("{name} differs"),
        });
        return;
    };
    for key in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
        let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
        add_differences(&name, a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null), found);
    }
}
