use crate::config::OPTIONS_WITHOUT_EFFECT_ON_WEIGHTS;
use serde_json::Value;

/// The first option in which two configurations differ, with its saved and its current value. Ignores
/// [`OPTIONS_WITHOUT_EFFECT_ON_WEIGHTS`].
pub(crate) fn difference(ours: &Value, theirs: &Value) -> Option<(String, Value, Value)> {
    ours.as_object()?.iter().find_map(|(option, now)| {
        let before = theirs.get(option).unwrap_or(&Value::Null);
        match now {
            _ if now == before || OPTIONS_WITHOUT_EFFECT_ON_WEIGHTS.contains(&option.as_str()) => None,
            Value::Object(_) if before.is_object() => difference(now, before),
            _ => Some((option.clone(), before.clone(), now.clone())),
        }
    })
}
