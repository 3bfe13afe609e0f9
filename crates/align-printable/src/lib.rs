//! Words out of a file, made safe for a message: what a hostile file says must not steer a terminal or flood it.

/// Longest part of a message that repeats what a file holds, in characters.
const LONGEST: usize = 1000;

/// The words with control characters escaped, but for line breaks, and cut where they are absurdly long.
///
/// ```
/// use align_printable::printable;
///
/// assert_eq!(printable("two\nlines, \u{1b}[31mred"), "two\nlines, \\u{1b}[31mred");
/// assert!(printable(&"long ".repeat(1000)).ends_with('…'));
/// ```
#[must_use]
pub fn printable(words: &str) -> String {
    let mut text = String::new();
    for c in words.chars().take(LONGEST) {
        if c.is_control() && c != '\n' { text.extend(c.escape_debug()) } else { text.push(c) }
    }
    if words.chars().nth(LONGEST).is_some() {
        text.push('…');
    }
    text
}
