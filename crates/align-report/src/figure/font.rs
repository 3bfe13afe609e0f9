//! Text widths for layout.

use skrifa::charmap::Charmap;
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, MetadataProvider};
use std::sync::LazyLock;

/// The font of PNG figures, and the preferred font of SVG figures.
#[cfg(feature = "png")]
pub(crate) const FAMILY: &str = "Noto Sans";

/// Fallback fonts for viewers without it.
pub(crate) const FAMILIES: &str = "Noto Sans, Helvetica, Arial, DejaVu Sans, sans-serif";

/// How much wider text may be in a fallback font than in ours. DejaVu Sans, the widest in use, needs this factor for
/// digits and spaces.
pub(crate) const FALLBACK_FACTOR: f64 = 1.15;

/// Height of a line above the baseline, relative to the font size.
pub(crate) const ASCENT: f64 = 0.92;

/// Depth of a line below the baseline, relative to the font size.
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

/// An upper bound of the text width in common fonts.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(advance).sum::<f64>() * size * FALLBACK_FACTOR
}

/// The width of a character. Characters that the font lacks are mostly as wide as the font size.
fn advance(c: char) -> f64 {
    let known = WIDTHS.as_ref().and_then(|widths| widths.metrics.advance_width(widths.charmap.map(c)?));
    known.map_or(1.0, f64::from)
}

/// Wraps text at spaces into lines of at most `widest`. Text beyond `lines` lines is cut.
pub(crate) fn wrap(text: &str, size: f64, widest: f64, lines: usize) -> Vec<String> {
    let mut wrapped: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
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

/// Shortens text with an ellipsis to at most `widest`.
pub(crate) fn cut(text: &str, size: f64, widest: f64) -> String {
    if width(text, size) <= widest {
        return text.to_owned();
    }
    let room = widest - width("…", size);
    let mut used = 0.0;
    let fits = |c: &char| {
        used += advance(*c) * size * FALLBACK_FACTOR;
        used <= room
    };
    let mut kept: String = text.chars().take_while(fits).collect();
    kept.truncate(kept.trim_end().len());
    kept + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_match_the_font() {
        // Noto Sans: a digit is 572 of 1000 units wide, a full stop 268.
        assert!((width("0.1", 10.0) - (0.572 + 0.268 + 0.572) * 10.0 * FALLBACK_FACTOR).abs() < 0.01);
        assert!((width("漢", 10.0) - 10.0 * FALLBACK_FACTOR).abs() < 1e-9);
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
