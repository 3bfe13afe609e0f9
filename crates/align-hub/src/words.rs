//! What a server says about an error.

use align_base::printable_line;
use serde::Deserialize;

/// How much of a server's own words goes into an error.
const MOST_WORDS: usize = 300;

/// The words of an error's body, if it is of the hub's form.
pub(crate) fn words_of_body(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Complaint {
        error: String,
    }
    serde_json::from_slice(body).ok().map(|complaint: Complaint| complaint.error)
}

/// A server's words for a message: not too many, and none that a terminal obeys.
pub(crate) fn shown(words: &str) -> String {
    let mut text = printable_line(&words.trim().chars().take(MOST_WORDS).collect::<String>());
    if words.trim().chars().nth(MOST_WORDS).is_some() {
        text.push('…');
    }
    text
}

/// The words behind a message, if there are any.
pub(crate) fn in_brackets(words: &Option<String>) -> String {
    words.as_ref().map(|words| format!(" ({words})")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_servers_words_are_bounded_and_harmless() {
        assert_eq!(shown(" Repository not found\n"), "Repository not found");
        assert_eq!(shown("a\x1b[2Jb\u{202e}"), "a\\u{1b}[2Jb\\u{202e}");
        let long = shown(&"x".repeat(5000));
        assert_eq!(long.chars().count(), MOST_WORDS + 1);
        assert_eq!(words_of_body(br#"{"error":"no"}"#).as_deref(), Some("no"));
        assert_eq!(words_of_body(b"<html>"), None);
    }
}
