//! How long the strings of a tokeniser's parts may be.

use serde_json::Value;

/// What is wrong with a part, in words.
pub(super) type Checked<T> = std::result::Result<T, String>;

/// Longest token, in bytes; those of known vocabularies have a few hundred.
pub(super) const TOKEN_BYTES: usize = 16 << 10;
/// Longest affix or separator, in bytes: it is put to each word or character.
pub(super) const AFFIX_BYTES: usize = 256;

/// A list's elements, none where there is no list.
pub(super) fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A string that must not be longer than `most` bytes.
pub(super) fn short(name: &str, text: &str, most: usize) -> Checked<()> {
    if text.len() <= most {
        return Ok(());
    }
    Err(format!("{name} has {} bytes, expected at most {most}", text.len()))
}
