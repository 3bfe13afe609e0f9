//! Makes text from a file, a path, an option or a server safe to print: it must not control or flood the terminal.

use std::path::Path;

/// Longest text that a message repeats, in characters.
const LONGEST: usize = 1000;

/// Escapes control characters except line breaks, and truncates very long text.
///
/// ```
/// use align_base::printable;
///
/// assert_eq!(printable("two\nlines, \u{1b}[31mred"), "two\nlines, \\u{1b}[31mred");
/// assert!(printable(&"long ".repeat(1000)).ends_with('…'));
/// ```
#[must_use]
pub fn printable(text: &str) -> String {
    let mut shown = escaped(&text.chars().take(LONGEST).collect::<String>());
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

/// Escapes control characters except line breaks, and the marks that change the direction of writing, which can disguise text.
///
/// ```
/// assert_eq!(align_base::escaped("a\u{202e}b\u{7}\n"), "a\\u{202e}b\\u{7}\n");
/// ```
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                shown.extend(c.escape_unicode())
            }
            c if c.is_control() && c != '\n' => shown.extend(c.escape_debug()),
            c => shown.push(c),
        }
    }
    shown
}

/// Like [`escaped`], with line breaks escaped too.
#[must_use]
pub fn printable_line(text: &str) -> String {
    escaped(text).replace('\n', "\\n")
}

/// A path, escaped by [`printable_line`].
///
/// ```
/// assert_eq!(align_base::printable_path("runs/\u{1b}[2J\n"), "runs/\\u{1b}[2J\\n");
/// ```
#[must_use]
pub fn printable_path(path: impl AsRef<Path>) -> String {
    printable_line(&path.as_ref().to_string_lossy())
}
