/// Longest part of a message that repeats what a file holds, in characters.
const LONGEST: usize = 1000;

/// Words that may repeat a file's content, safe for a terminal: control characters escaped, cut where they are absurdly long.
pub(crate) fn printable(words: &str) -> String {
    let mut text = String::new();
    for c in words.chars().take(LONGEST) {
        if c.is_control() && c != '\n' { text.extend(c.escape_debug()) } else { text.push(c) }
    }
    if words.chars().nth(LONGEST).is_some() {
        text.push('…');
    }
    text
}
