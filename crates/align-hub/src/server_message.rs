//! Error messages sent by servers.

use align_base::printable_line;
use serde::Deserialize;

/// Most characters of a server's message that are shown.
const MAX_CHARS: usize = 300;

/// The message in an error body of the hub.
pub(crate) fn message_of_body(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct ErrorBody {
        error: String,
    }
    serde_json::from_slice(body).ok().map(|error_message: ErrorBody| error_message.error)
}

/// Prepares a server's message for display: shortened, without control characters.
pub(crate) fn printable(message: &str) -> String {
    let mut text = printable_line(&message.trim().chars().take(MAX_CHARS).collect::<String>());
    if message.trim().chars().nth(MAX_CHARS).is_some() {
        text.push('…');
    }
    text
}

/// The message in brackets, if there is one.
pub(crate) fn in_parentheses(message: &Option<String>) -> String {
    message.as_ref().map(|message| format!(" ({message})")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn server_messages_are_shortened_and_escaped() {
        assert_eq!(printable(" Repository not found\n"), "Repository not found");
        assert_eq!(printable("a\x1b[2Jb\u{202e}"), "a\\u{1b}[2Jb\\u{202e}");
        let long = printable(&"x".repeat(5000));
        assert_eq!(long.chars().count(), MAX_CHARS + 1);
        assert_eq!(message_of_body(br#"{"error":"no"}"#).as_deref(), Some("no"));
        assert_eq!(message_of_body(b"<html>"), None);
    }
}
