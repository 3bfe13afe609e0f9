//! Escapes untrusted text for HTML and SVG.

use maud::{Escaper, Render};
use std::fmt::Write;

/// Text in which control characters and bidirectional overrides are escaped visibly.
///
/// XML cannot represent most control characters, and HTML drops or replaces them, so they are shown as escape
/// sequences. Line breaks and tabs are kept; a carriage return before a line break is removed. Markup is escaped on
/// rendering.
pub(crate) struct EscapedText<'a>(pub &'a str);

impl Render for EscapedText<'_> {
    fn render_to(&self, buffer: &mut String) {
        // Writing to a string never fails.
        let _ = Escaper::new(buffer).write_str(&escape_control(self.0));
    }
}

/// Escapes the control characters. Markup is not escaped yet.
pub(crate) fn escape_control(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.replace("\r\n", "\n").chars() {
        if is_control_or_bidi(c) { plain.extend(c.escape_unicode()) } else { plain.push(c) }
    }
    plain
}

fn is_control_or_bidi(c: char) -> bool {
    let is_break = matches!(c, '\n' | '\t');
    let turns_direction = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_no_character = matches!(c, '\u{fdd0}'..='\u{fdef}') || (c as u32) & 0xfffe == 0xfffe;
    (c.is_control() && !is_break) || turns_direction || is_no_character
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_markup_are_escaped() {
        assert_eq!(EscapedText("a <b> & \"c\"").render().0, "a &lt;b&gt; &amp; &quot;c&quot;");
        assert_eq!(EscapedText("\0\u{1b}[31m\u{202e}").render().0, "\\u{0}\\u{1b}[31m\\u{202e}");
        assert_eq!(EscapedText("one\r\ntwo\tthree").render().0, "one\ntwo\tthree");
        assert_eq!(EscapedText("\u{fffe}\u{10ffff}").render().0, "\\u{fffe}\\u{10ffff}");
    }
}
