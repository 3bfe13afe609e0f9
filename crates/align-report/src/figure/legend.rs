use super::canvas::{Anchor, Canvas, Px, TextElement};
use super::font;
use super::marker;
use super::palette::{Ink, dashes};
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
    Curve { series: usize, dashed: bool },
    /// A filled box.
    Bars { series: usize },
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

/// The legend's entries in rows above the plot.
pub(crate) struct Legend {
    /// Row, left edge and entry.
    placed: Vec<(usize, f64, LegendEntry)>,
    left: f64,
}

impl Legend {
    /// Arranges the entries in rows of at most `width`, starting at `left`.
    pub(crate) fn new(entries: Vec<LegendEntry>, left: f64, width: f64) -> Self {
        let mut placed: Vec<(usize, f64, LegendEntry)> = Vec::new();
        let (mut row, mut used) = (0, 0.0);
        for mut entry in entries {
            entry.text = font::cut(&entry.text, SIZE, width - symbol_width(entry.symbol));
            let needed = symbol_width(entry.symbol) + font::width(&entry.text, SIZE);
            if used > 0.0 && used + needed > width {
                (row, used) = (row + 1, 0.0);
            }
            placed.push((row, used, entry));
            used += needed + BETWEEN;
        }
        Self { placed, left }
    }

    pub(crate) fn height(&self) -> f64 {
        self.placed.last().map_or(0.0, |(row, ..)| (*row + 1) as f64 * ROW)
    }

    /// Draws the entries downwards from `top`.
    pub(crate) fn draw(&self, canvas: &mut Canvas, top: f64) {
        for (row, offset, entry) in &self.placed {
            let (left, middle) = (self.left + offset, top + (*row as f64 + 0.5) * ROW);
            draw_symbol(canvas, entry.symbol, left, middle);
            canvas.write(TextElement {
                text: &entry.text,
                x: left + symbol_width(entry.symbol),
                y: middle + 0.35 * SIZE,
                size: SIZE,
                anchor: Anchor::Start,
                ink: if entry.symbol == LegendSymbol::None { Ink::Muted } else { Ink::Text },
                rotated: false,
                outlined: false,
            });
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
        LegendSymbol::Curve { series, dashed } => {
            let ink = Ink::Series(series);
            canvas.draw(html! {
                line class={ "stroke-" (ink.class()) } x1=(Px(left)) y1=(Px(middle)) x2=(Px(left + SAMPLE))
                    y2=(Px(middle)) stroke=(ink.colour()) stroke-width="1.8"
                    stroke-dasharray=[dashed.then(|| dashes(series))] {}
                (marker::marker(series, left + SAMPLE / 2.0, middle, 4.2))
            });
        }
        LegendSymbol::Bars { series } => {
            let ink = Ink::Series(series);
            canvas.draw(html! {
                rect class={ "fill-" (ink.class()) " stroke-" (ink.class()) } x=(Px(left + 3.0))
                    y=(Px(middle - 5.0)) width="18" height="10" fill=(ink.colour()) fill-opacity="0.3"
                    stroke=(ink.colour()) stroke-width="1.6"
                    stroke-dasharray=(dashes(series)) {}
            });
        }
        LegendSymbol::Baseline => canvas.draw(marker::baseline(left + 7.0, middle, 4.2)),
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
