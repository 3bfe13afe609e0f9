use super::canvas::{Anchor, Canvas, Px, TextElement};
use super::font;
use super::marker;
use super::palette::Ink;
use super::series_style::SeriesStyle;
use maud::html;

/// An entry of the legend.
#[derive(Debug, Clone)]
pub(crate) struct LegendEntry {
    pub symbol: LegendSymbol,
    pub text: String,
}

/// The symbol before an entry's text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum LegendSymbol {
    /// A line with the series' marker.
    Curve { style: SeriesStyle, dashed: bool, hollow: bool },
    /// A filled box.
    Bars { style: SeriesStyle },
    /// The baseline's marker.
    Baseline,
    /// The Pareto front's steps.
    Front,
    /// No symbol: the entry is a note.
    None,
}

const SIZE: f64 = 11.5;
const ROW: f64 = 19.0;
const SAMPLE: f64 = 24.0;
const GAP: f64 = 6.0;
const BETWEEN: f64 = 16.0;

/// Lines of an entry that is wider than the figure. The rest is cut.
const MOST_LINES: usize = 3;

/// The legend's entries in rows above the plot.
pub(crate) struct Legend {
    placed: Vec<PlacedEntry>,
    left: f64,
}

struct PlacedEntry {
    row: usize,
    offset: f64,
    symbol: LegendSymbol,
    /// One line, unless the entry is wider than the figure.
    lines: Vec<String>,
}

impl Legend {
    /// Arranges the entries in rows of at most `width`, starting at `left`.
    pub(crate) fn new(entries: Vec<LegendEntry>, left: f64, width: f64) -> Self {
        let mut placed: Vec<PlacedEntry> = Vec::new();
        let (mut row, mut used) = (0, 0.0);
        for LegendEntry { symbol, text } in entries {
            let lines = font::wrap(&text, SIZE, width - symbol_width(symbol), MOST_LINES);
            let widest = lines.iter().map(|line| font::width(line, SIZE)).fold(0.0, f64::max);
            let needed = symbol_width(symbol) + widest;
            if used > 0.0 && (used + needed > width || lines.len() > 1) {
                (row, used) = (row + 1, 0.0);
            }
            let more = lines.len().saturating_sub(1);
            placed.push(PlacedEntry { row, offset: used, symbol, lines });
            // Nothing stands next to an entry of several lines.
            (row, used) = if more > 0 { (row + more + 1, 0.0) } else { (row, used + needed + BETWEEN) };
        }
        Self { placed, left }
    }

    pub(crate) fn height(&self) -> f64 {
        self.placed.last().map_or(0.0, |last| (last.row + last.lines.len().max(1)) as f64 * ROW)
    }

    /// Draws the entries downwards from `top`.
    pub(crate) fn draw(&self, canvas: &mut Canvas, top: f64) {
        for PlacedEntry { row, offset, symbol, lines } in &self.placed {
            let left = self.left + offset;
            let middle = |line: usize| top + ((row + line) as f64 + 0.5) * ROW;
            draw_symbol(canvas, *symbol, left, middle(0));
            for (number, line) in lines.iter().enumerate() {
                canvas.write(TextElement {
                    text: line,
                    x: left + symbol_width(*symbol),
                    y: middle(number) + 0.35 * SIZE,
                    size: SIZE,
                    anchor: Anchor::Start,
                    ink: if *symbol == LegendSymbol::None { Ink::Muted } else { Ink::Text },
                    rotated: false,
                    outlined: false,
                });
            }
        }
    }
}

fn symbol_width(symbol: LegendSymbol) -> f64 {
    match symbol {
        LegendSymbol::None => 0.0,
        LegendSymbol::Baseline => 14.0 + GAP,
        _ => SAMPLE + GAP,
    }
}

fn draw_symbol(canvas: &mut Canvas, symbol: LegendSymbol, left: f64, middle: f64) {
    match symbol {
        LegendSymbol::Curve { style, dashed, hollow } => {
            let ink = style.ink();
            canvas.draw(html! {
                line class={ "stroke-" (ink.class()) } x1=(Px(left)) y1=(Px(middle)) x2=(Px(left + SAMPLE))
                    y2=(Px(middle)) stroke=(ink.colour()) stroke-width="1.8"
                    stroke-dasharray=[dashed.then(|| style.dashes(hollow))] {}
                (marker::marker(style, left + SAMPLE / 2.0, middle, 4.2, hollow))
            });
        }
        LegendSymbol::Bars { style } => {
            let ink = style.ink();
            canvas.draw(html! {
                rect class={ "fill-" (ink.class()) " stroke-" (ink.class()) } x=(Px(left + 3.0))
                    y=(Px(middle - 5.0)) width="18" height="10" fill=(ink.colour()) fill-opacity="0.3"
                    stroke=(ink.colour()) stroke-width="1.6"
                    stroke-dasharray=(style.dashes(false)) {}
            });
        }
        LegendSymbol::Baseline => {
            canvas.draw(marker::marker(SeriesStyle::BASELINE, left + 7.0, middle, 4.2, false));
        }
        LegendSymbol::Front => {
            let steps = [(0.0, 5.0), (9.0, 5.0), (9.0, 0.0), (16.0, 0.0), (16.0, -5.0), (24.0, -5.0)];
            draw_front(canvas, steps.into_iter().map(|(x, y)| (left + x, middle + y)));
        }
        LegendSymbol::None => {}
    }
}

/// The line of the Pareto front.
pub(crate) fn draw_front(canvas: &mut Canvas, points: impl Iterator<Item = (f64, f64)>) {
    let ink = Ink::Muted;
    canvas.draw(html! {
        path class={ "stroke-" (ink.class()) } d=(marker::path(points)) fill="none" stroke=(ink.colour())
            stroke-width="1.3" stroke-dasharray="3.5 2" {}
    });
}
