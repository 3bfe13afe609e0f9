use serde_json::Value;

/// The first option in which two configurations differ, with the value in `theirs` and that in `ours`. The options in
/// `ignored` may differ.
pub(crate) fn difference(ours: &Value, theirs: &Value, ignored: &[&str]) -> Option<(String, Value, Value)> {
    ours.as_object()?.iter().find_map(|(option, now)| {
        let before = theirs.get(option).unwrap_or(&Value::Null);
        match now {
            _ if now == before || ignored.contains(&option.as_str()) => None,
            Value::Object(_) if before.is_object() => difference(now, before, ignored),
            _ => Some((option.clone(), before.clone(), now.clone())),
        }
    })
}
