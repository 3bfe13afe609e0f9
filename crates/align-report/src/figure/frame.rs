//! The common parts of all figures: axes with ticks and titles, grid and legend.

use super::axis::Range;
use super::canvas::{Anchor, Canvas, Rect, TextElement};
use super::font;
use super::legend::{Legend, LegendEntry};
use super::palette::Ink;
use super::ticks::{Tick, ticks};

const TICK_SIZE: f64 = 10.5;
const TITLE_SIZE: f64 = 12.0;
const TITLE_LINE: f64 = 15.0;
const MARGIN: f64 = 8.0;

/// Minimum height of the plot relative to the figure. If legend and titles leave less, the figure becomes higher.
const MIN_PLOT_HEIGHT: f64 = 0.45;

/// The plot area of a figure.
pub(crate) struct Frame {
    /// The rectangle between the axes.
    pub plot: Rect,
    x: Range,
    y: Range,
}

impl Frame {
    /// Draws legend, grid, axes, ticks and titles, and returns the remaining plot area.
    pub(crate) fn draw(canvas: &mut Canvas, x: (&str, Range), y: (&str, Range), entries: Vec<LegendEntry>) -> Self {
        let ((x_title, x), (y_title, y)) = (x, y);
        let legend = Legend::new(entries, MARGIN, canvas.width - 2.0 * MARGIN);
        let top = MARGIN + legend.height() + if legend.height() > 0.0 { 8.0 } else { 4.0 };

        let x_lines = font::wrap(x_title, TITLE_SIZE, canvas.width - 80.0, 2);
        let below = MARGIN + x_lines.len() as f64 * TITLE_LINE + TICK_SIZE + 11.0;
        let least = MIN_PLOT_HEIGHT * canvas.height;
        canvas.height = canvas.height.max(top + least + below);
        let bottom = canvas.height - below;
        let y_lines = font::wrap(y_title, TITLE_SIZE, bottom - top, 2);
        let y_ticks = ticks(y, ((bottom - top) / 38.0) as usize);
        let widest = y_ticks.iter().map(|tick| font::width(&tick.label, TICK_SIZE)).fold(0.0, f64::max);
        let left = MARGIN + y_lines.len() as f64 * TITLE_LINE + 4.0 + widest + 7.0;
        let frame = Self { plot: Rect { left, top, right: canvas.width - 14.0, bottom }, x, y };
        let x_ticks = frame.fitting_x_ticks();

        legend.draw(canvas, MARGIN);
        for tick in &x_ticks {
            let at = frame.x(tick.value);
            canvas.line((at, top), (at, bottom), Ink::Grid, 1.0);
            canvas.line((at, bottom), (at, bottom + 4.0), Ink::Muted, 1.0);
            canvas.write(frame.x_label(tick));
        }
        for tick in &y_ticks {
            let at = frame.y(tick.value);
            canvas.line((left, at), (frame.plot.right, at), Ink::Grid, 1.0);
            canvas.line((left - 4.0, at), (left, at), Ink::Muted, 1.0);
            canvas.write(TextElement {
                x: left - 7.0,
                y: at + 0.35 * TICK_SIZE,
                anchor: Anchor::End,
                ..plain(&tick.label, TICK_SIZE, Ink::Muted)
            });
        }
        canvas.line((left, bottom), (frame.plot.right, bottom), Ink::Muted, 1.0);
        canvas.line((left, top), (left, bottom), Ink::Muted, 1.0);
        for (i, line) in x_lines.iter().enumerate() {
            let below = (x_lines.len() - 1 - i) as f64;
            let title = plain(line, TITLE_SIZE, Ink::Text);
            let (x, y) = ((left + frame.plot.right) / 2.0, canvas.height - MARGIN - 3.0 - below * TITLE_LINE);
            // Centred below the plot, but within the figure.
            let half = font::width(line, TITLE_SIZE) / 2.0;
            canvas.write(TextElement { x: x.min(canvas.width - 2.0 - half), y, ..title });
        }
        for (i, line) in y_lines.iter().enumerate() {
            let title = plain(line, TITLE_SIZE, Ink::Text);
            let (x, y) = (MARGIN + 10.0 + i as f64 * TITLE_LINE, (top + bottom) / 2.0);
            canvas.write(TextElement { x, y, rotated: true, ..title });
        }
        frame
    }

    /// The x coordinate of a number within the plot.
    pub(crate) fn x(&self, number: f64) -> f64 {
        let Rect { left, right, .. } = self.plot;
        (left + self.x.fraction(number) * (right - left)).clamp(left, right)
    }

    /// The y coordinate of a number within the plot.
    pub(crate) fn y(&self, number: f64) -> f64 {
        let Rect { top, bottom, .. } = self.plot;
        (bottom - self.y.fraction(number) * (bottom - top)).clamp(top, bottom)
    }

    /// The most ticks whose labels fit next to each other.
    fn fitting_x_ticks(&self) -> Vec<Tick> {
        let most = ((self.plot.right - self.plot.left) / 45.0).clamp(2.0, 10.0) as usize;
        let candidates = (2..=most).rev().map(|most| ticks(self.x, most));
        candidates.into_iter().find(|ticks| self.have_room(ticks)).unwrap_or_else(|| {
            let mut ticks = ticks(self.x, 2);
            ticks.truncate(1);
            ticks
        })
    }

    fn have_room(&self, ticks: &[Tick]) -> bool {
        let boxes: Vec<Rect> = ticks.iter().map(|tick| self.x_label(tick).bounds()).collect();
        boxes.iter().zip(boxes.iter().skip(1)).all(|(one, next)| one.right + 12.0 <= next.left)
    }

    fn x_label<'a>(&self, tick: &'a Tick) -> TextElement<'a> {
        let half = font::width(&tick.label, TICK_SIZE) / 2.0;
        // The last label may not extend beyond the figure.
        let x = self.x(tick.value).min(self.plot.right + 12.0 - half);
        TextElement { x, y: self.plot.bottom + 6.0 + TICK_SIZE, ..plain(&tick.label, TICK_SIZE, Ink::Muted) }
    }
}

fn plain(text: &str, size: f64, ink: Ink) -> TextElement<'_> {
    TextElement { text, x: 0.0, y: 0.0, size, anchor: Anchor::Middle, ink, rotated: false, outlined: false }
}
