//! Length limits for the strings in a `tokenizer.json`.

use serde_json::Value;

/// The error describes what is wrong with the part.
pub(super) type CheckResult<T> = std::result::Result<T, String>;

/// Longest token in bytes. Known vocabularies have tokens of a few hundred bytes.
pub(super) const MAX_TOKEN_BYTES: usize = 16 << 10;
/// Longest affix or separator in bytes. It is added to every word or character.
pub(super) const MAX_AFFIX_BYTES: usize = 256;

/// The elements of a list; empty if the value is not a list.
pub(super) fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Checks that a string has at most `most` bytes.
pub(super) fn check_length(name: &str, text: &str, most: usize) -> CheckResult<()> {
    if text.len() <= most {
        return Ok(());
    }
    Err(format!("{name} has {} bytes, expected at most {most}", text.len()))
}
