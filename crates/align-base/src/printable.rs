//! Words that come from outside (a file, a path, an option, a server), made safe for a message: what they say must not steer a terminal or flood it.

use std::path::Path;

/// Longest part of a message that repeats what a file holds, in characters.
const LONGEST: usize = 1000;

/// The words with control characters escaped, but for line breaks, and cut where they are absurdly long.
///
/// ```
/// use align_base::printable;
///
/// assert_eq!(printable("two\nlines, \u{1b}[31mred"), "two\nlines, \\u{1b}[31mred");
/// assert!(printable(&"long ".repeat(1000)).ends_with('…'));
/// ```
#[must_use]
pub fn printable(words: &str) -> String {
    let mut text = escaped(&words.chars().take(LONGEST).collect::<String>());
    if words.chars().nth(LONGEST).is_some() {
        text.push('…');
    }
    text
}

/// The words with control characters escaped, but for line breaks, and so the marks that turn the direction of writing, which can
/// make words read as others.
///
/// ```
/// assert_eq!(align_base::escaped("a\u{202e}b\u{7}\n"), "a\\u{202e}b\\u{7}\n");
/// ```
#[must_use]
pub fn escaped(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    for c in words.chars() {
        match c {
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                text.extend(c.escape_unicode())
            }
            c if c.is_control() && c != '\n' => text.extend(c.escape_debug()),
            c => text.push(c),
        }
    }
    text
}

/// [`escaped`] on one line.
#[must_use]
pub fn printable_line(words: &str) -> String {
    escaped(words).replace('\n', "\\n")
}

/// A path as [`printable_line`] has it.
///
/// ```
/// assert_eq!(align_base::printable_path("runs/\u{1b}[2J\n"), "runs/\\u{1b}[2J\\n");
/// ```
#[must_use]
pub fn printable_path(path: impl AsRef<Path>) -> String {
    printable_line(&path.as_ref().to_string_lossy())
}
