//! Texts of others on their way into HTML or SVG.

use maud::{Escaper, Render};
use std::fmt::Write;

/// A text without characters that steer: control characters and those that turn the direction of writing are spelt out.
///
/// XML has no way to hold most control characters, and HTML drops or replaces them; so they are shown as what they are.
/// Line breaks and tabs stay, a carriage return before a line break goes. Markup is escaped as the text is rendered.
pub(crate) struct PlainText<'a>(pub &'a str);

impl Render for PlainText<'_> {
    fn render_to(&self, buffer: &mut String) {
        // Writing to a string never fails.
        let _ = Escaper::new(buffer).write_str(&spelt_out(self.0));
    }
}

/// The text with what would steer spelt out, markup not yet escaped.
pub(crate) fn spelt_out(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.replace("\r\n", "\n").chars() {
        if steers(c) { plain.extend(c.escape_unicode()) } else { plain.push(c) }
    }
    plain
}

fn steers(c: char) -> bool {
    let is_break = matches!(c, '\n' | '\t');
    let turns_direction = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_no_character = matches!(c, '\u{fdd0}'..='\u{fdef}') || (c as u32) & 0xfffe == 0xfffe;
    (c.is_control() && !is_break) || turns_direction || is_no_character
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_steer_is_spelt_out_and_markup_escaped() {
        assert_eq!(PlainText("a <b> & \"c\"").render().0, "a &lt;b&gt; &amp; &quot;c&quot;");
        assert_eq!(PlainText("\0\u{1b}[31m\u{202e}").render().0, "\\u{0}\\u{1b}[31m\\u{202e}");
        assert_eq!(PlainText("one\r\ntwo\tthree").render().0, "one\ntwo\tthree");
        assert_eq!(PlainText("\u{fffe}\u{10ffff}").render().0, "\\u{fffe}\\u{10ffff}");
    }
}
