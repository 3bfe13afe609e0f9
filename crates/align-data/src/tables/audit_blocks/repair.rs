//! Repairs of rows that no reader takes, so that the other checks see them.

use std::borrow::Cow;

/// The row with U+FFFD in place of bytes that are not UTF-8 and without escapes of half UTF-16 pairs, and whether it had such escapes. `None` if
/// there is nothing to repair.
pub(super) fn repaired(row: &[u8]) -> Option<(String, bool)> {
    let text = String::from_utf8_lossy(row);
    let was_valid = matches!(text, Cow::Borrowed(_));
    match without_half_pairs(&text) {
        Some(text) => Some((text, true)),
        None if was_valid => None,
        None => Some((text.into_owned(), false)),
    }
}

/// The text without escapes of half pairs. `None` if there are none.
fn without_half_pairs(text: &str) -> Option<String> {
    let (mut repaired, mut rest, mut found) = (String::with_capacity(text.len()), text, false);
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        repaired.push_str(before);
        let taken = match half(escape) {
            // The two escapes of a pair.
            Some(true) if escape.get(6..).and_then(half) == Some(false) => 12,
            Some(_) => {
                found = true;
                rest = escape.get(6..).unwrap_or_default();
                continue;
            }
            None => 1 + escape.chars().nth(1).map_or(0, char::len_utf8),
        };
        let (kept, after) = escape.split_at_checked(taken).unwrap_or((escape, ""));
        repaired.push_str(kept);
        rest = after;
    }
    repaired.push_str(rest);
    found.then_some(repaired)
}

/// Whether a text begins with the escape of a high (true) or low (false) half of a pair.
fn half(text: &str) -> Option<bool> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    match u32::from_str_radix(digits, 16).ok()? {
        0xd800..=0xdbff => Some(true),
        0xdc00..=0xdfff => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_half_pairs_are_removed() {
        let repair = |text: &str| repaired(text.as_bytes());
        assert_eq!(repair(r#"{"a": "\ud83d\ude00 \u00e9 \\ud83d \n"}"#), None);
        assert_eq!(repair(r#""a\ud83d""#), Some(("\"a\"".to_owned(), true)));
        assert_eq!(repair(r#""\ude00\ud83d\ude00""#), Some(("\"\\ud83d\\ude00\"".to_owned(), true)));
        assert_eq!(repaired(b"caf\xe9"), Some(("caf\u{fffd}".to_owned(), false)));
    }
}
