//! Widths of words, by which figures are laid out.

use skrifa::charmap::Charmap;
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, MetadataProvider};
use std::sync::LazyLock;

/// The font of PNG figures, and the first choice in SVG ones.
pub(crate) const FAMILY: &str = "Noto Sans";

/// What a viewer without that font may take instead.
pub(crate) const FAMILIES: &str = "Noto Sans, Helvetica, Arial, DejaVu Sans, sans-serif";

/// How much wider than in our font words may be in the one that a viewer takes: DejaVu Sans, the widest in use, needs
/// this for digits and spaces.
pub(crate) const WIDEST: f64 = 1.15;

/// The part of a line above the baseline, as a share of the font's size.
pub(crate) const ASCENT: f64 = 0.92;

/// The part of a line below the baseline, as a share of the font's size.
pub(crate) const DESCENT: f64 = 0.26;

struct Widths {
    charmap: Charmap<'static>,
    metrics: GlyphMetrics<'static>,
}

static WIDTHS: LazyLock<Option<Widths>> = LazyLock::new(|| {
    let font = FontRef::new(notosans::REGULAR_TTF).ok()?;
    let metrics = font.glyph_metrics(Size::new(1.0), LocationRef::default());
    Some(Widths { charmap: font.charmap(), metrics })
});

/// An upper bound of the width of words in any usual font, in the unit of the font's size.
pub(crate) fn width(words: &str, size: f64) -> f64 {
    words.chars().map(advance).sum::<f64>() * size * WIDEST
}

/// A character's width; those that the font lacks are mostly as wide as the font is high.
fn advance(c: char) -> f64 {
    let known = WIDTHS.as_ref().and_then(|widths| widths.metrics.advance_width(widths.charmap.map(c)?));
    known.map_or(1.0, f64::from)
}

/// The words in lines of at most `widest`, broken at spaces; what does not fit into `lines` lines is cut.
pub(crate) fn wrap(words: &str, size: f64, widest: f64, lines: usize) -> Vec<String> {
    let mut wrapped: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        let longer = wrapped.last().map(|line| format!("{line} {word}"));
        match longer {
            Some(longer) if width(&longer, size) <= widest || wrapped.len() >= lines.max(1) => {
                wrapped.pop();
                wrapped.push(longer);
            }
            _ => wrapped.push(word.to_owned()),
        }
    }
    wrapped.iter().map(|line| cut(line, size, widest)).collect()
}

/// The words, cut with an ellipsis where they are wider than `widest`.
pub(crate) fn cut(words: &str, size: f64, widest: f64) -> String {
    if width(words, size) <= widest {
        return words.to_owned();
    }
    let room = widest - width("…", size);
    let mut used = 0.0;
    let fits = |c: &char| {
        used += advance(*c) * size * WIDEST;
        used <= room
    };
    let mut kept: String = words.chars().take_while(fits).collect();
    kept.truncate(kept.trim_end().len());
    kept + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_the_font() {
        // Noto Sans: 572 of 1000 units a digit, 268 a full stop.
        assert!((width("0.1", 10.0) - (0.572 + 0.268 + 0.572) * 10.0 * WIDEST).abs() < 0.01);
        assert!((width("漢", 10.0) - 10.0 * WIDEST).abs() < 1e-9);
    }

    #[test]
    fn long_words_are_wrapped_and_cut() {
        let one = width("Mean reward", 12.0);
        assert_eq!(wrap("Mean reward of texts", 12.0, one, 2), ["Mean reward", "of texts"]);
        let cut_line = &wrap("Mean reward of texts of many models", 12.0, one, 1)[0];
        assert!(cut_line.ends_with('…') && width(cut_line, 12.0) <= one, "{cut_line}");
        assert!(wrap("", 12.0, one, 2).is_empty());
    }
}
