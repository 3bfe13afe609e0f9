use super::canvas::{Anchor, Canvas, Px, TextElement};
use super::font;
use super::palette::Ink;
use crate::escaped_text::EscapedText;
use crate::estimate::check_number;
use crate::number::{rounded, short};
use crate::{Error, Result};
use maud::html;
use serde::{Deserialize, Serialize};

/// A matrix of numbers as coloured cells with the numbers in them, such as the distances between models.
///
/// A colour is a step between the background and one hue, so the figure works on light and dark pages and in black and white. The figure is
/// as high as its rows need. Numbers that do not fit into their cells are left out of the drawing; each cell has a tooltip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeatMap {
    /// The title for screen readers. It is not drawn.
    pub title: String,
    /// What the numbers are, with their unit. It stands beside the scale of colours.
    pub measure: String,
    /// The names of the rows.
    pub rows: Vec<String>,
    /// The names of the columns. If they are those of the rows and do not fit above the cells, rows and columns are numbered.
    pub columns: Vec<String>,
    /// The numbers of each row. A missing number is an empty cell.
    pub values: Vec<Vec<Option<f64>>>,
    /// The numbers with the lightest and the strongest colour; by default, the smallest and the largest.
    #[serde(default)]
    pub range: Option<[f64; 2]>,
}

/// Opacity of the strongest colour. Text in the usual colour is legible on it, on light and dark pages.
pub(crate) const STRONGEST: f64 = 0.62;

/// Opacity of the lightest colour.
const LIGHTEST: f64 = 0.03;

/// The hue.
pub(crate) const HUE: Ink = Ink::Series(0);

const MARGIN: f64 = 8.0;
const LABEL_SIZE: f64 = 11.0;
const LABEL_GAP: f64 = 7.0;
/// Space between a cell and its number on each side.
const PADDING: f64 = 3.0;
const HIGHEST_CELL: f64 = 38.0;
const LOWEST_CELL: f64 = 20.0;
const WIDEST_CELL: f64 = 110.0;
/// Share of the figure's width that the row names may take.
const WIDEST_LABELS: f64 = 0.36;
/// Height of column names that are written upwards.
const HIGHEST_LABELS: f64 = 110.0;
/// Height of the scale with its numbers and title.
const SCALE_HEIGHT: f64 = 46.0;
/// Number of steps in the drawn scale.
const SCALE_STEPS: usize = 24;

/// How the column names are written.
#[derive(Clone, Copy, PartialEq)]
enum ColumnLabels {
    Names,
    Numbers,
    Upwards,
}

impl HeatMap {
    pub(super) fn check(&self) -> Result<()> {
        let place = || format!("figure {:?}", self.title);
        if self.rows.is_empty() || self.columns.is_empty() {
            return Err(Error::Empty { place: place(), expected: "at least one row and one column" });
        }
        if self.values.len() != self.rows.len() {
            let (expected, found) = (self.rows.len(), self.values.len());
            return Err(Error::Parts { place: place(), what: "rows of values, one per row name", expected, found });
        }
        for (row, (name, values)) in self.rows.iter().zip(&self.values).enumerate() {
            let place = || format!("{}, row {} ({name:?})", place(), row + 1);
            if values.len() != self.columns.len() {
                let (what, expected, found) = ("values, one per column", self.columns.len(), values.len());
                return Err(Error::Parts { place: place(), what, expected, found });
            }
            for value in values.iter().flatten() {
                check_number(*value, place, "value")?;
            }
        }
        for end in self.range.into_iter().flatten() {
            check_number(end, place, "range")?;
        }
        match self.range {
            Some([low, high]) if low > high => Err(Error::Interval { place: place(), name: "range".into(), low, high }),
            _ => Ok(()),
        }
    }

    /// Draws the heat map and returns the description.
    pub(super) fn draw(&self, canvas: &mut Canvas) -> String {
        let layout = Layout::of(self, canvas);
        canvas.height = layout.top + layout.cell_height * self.rows.len() as f64 + SCALE_HEIGHT + MARGIN;
        let [low, high] = self.ends();
        let opacity = |value: f64| {
            let share = if high > low { ((value - low) / (high - low)).clamp(0.0, 1.0) } else { 0.0 };
            LIGHTEST + share * (STRONGEST - LIGHTEST)
        };
        for (at, name) in self.columns.iter().enumerate() {
            layout.draw_column_label(canvas, at, name);
        }
        for (at, (name, values)) in self.rows.iter().zip(&self.values).enumerate() {
            layout.draw_row_label(canvas, at, name);
            for (column, value) in values.iter().enumerate() {
                let tooltip =
                    format!("{name}, {}: {}", self.columns.get(column).map_or("", String::as_str), shown(*value));
                layout.draw_cell(canvas, (at, column), value.map(opacity), &tooltip);
                layout.draw_value(canvas, (at, column), *value);
            }
        }
        self.draw_scale(canvas, &layout);
        self.describe()
    }

    /// The numbers with the lightest and the strongest colour.
    fn ends(&self) -> [f64; 2] {
        let values = || self.values.iter().flatten().flatten().copied();
        let extremes = || [values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max)];
        self.range.unwrap_or_else(|| if values().next().is_some() { extremes() } else { [0.0, 0.0] })
    }

    fn draw_scale(&self, canvas: &mut Canvas, layout: &Layout) {
        let [low, high] = self.ends();
        let top = canvas.height - MARGIN - SCALE_HEIGHT + 14.0;
        let title = font::cut(&self.measure, LABEL_SIZE, canvas.width - 2.0 * MARGIN);
        let width = (canvas.width - 2.0 * MARGIN).min(180.0);
        let left = (layout.left).min(canvas.width - MARGIN - width.max(font::width(&title, LABEL_SIZE))).max(MARGIN);
        let ends = [short(low), short(high)];
        let [before, after] = [0, 1].map(|end| ends.get(end).map_or(0.0, |text| font::width(text, LABEL_SIZE)) + 6.0);
        let (start, end) = (left + before, left + width.max(before + after + 40.0) - after);
        let step = (end - start) / SCALE_STEPS as f64;
        let baseline = top + 10.0;
        for (text, x, anchor) in [(&ends[0], start - 6.0, Anchor::End), (&ends[1], end + 6.0, Anchor::Start)] {
            canvas.write(TextElement { x, y: baseline, anchor, ..label(text, LABEL_SIZE, Ink::Muted) });
        }
        for at in 0..SCALE_STEPS {
            let share = at as f64 / (SCALE_STEPS - 1) as f64;
            fill(canvas, (start + at as f64 * step, top), (step, 12.0), LIGHTEST + share * (STRONGEST - LIGHTEST));
        }
        canvas.write(TextElement {
            x: left,
            y: baseline + 19.0,
            anchor: Anchor::Start,
            ..label(&title, LABEL_SIZE, Ink::Text)
        });
    }

    fn describe(&self) -> String {
        let row = |(name, values): (&String, &Vec<Option<f64>>)| {
            format!("{name}: {}", values.iter().map(|value| shown(*value)).collect::<Vec<_>>().join(", "))
        };
        let rows: Vec<String> = self.rows.iter().zip(&self.values).map(row).collect();
        format!("{}. Columns: {}. {}.", self.measure, self.columns.join(", "), rows.join("; "))
    }
}

/// Places and sizes in pixels.
struct Layout {
    /// The width of the row names.
    labels: f64,
    left: f64,
    top: f64,
    cell_width: f64,
    cell_height: f64,
    columns: ColumnLabels,
    /// The size of numbers in cells and their number of digits, if they fit.
    numbers: Option<(f64, i32)>,
}

impl Layout {
    fn of(map: &HeatMap, canvas: &Canvas) -> Self {
        let is_square = map.rows == map.columns;
        let widest_label = |prefix: &str| {
            let widths = map.rows.iter().map(|name| font::width(&format!("{prefix}{name}"), LABEL_SIZE));
            widths.fold(0.0, f64::max).min(WIDEST_LABELS * canvas.width)
        };
        let cells = |left: f64| ((canvas.width - MARGIN - left) / map.columns.len() as f64).clamp(1.0, WIDEST_CELL);
        let beside = |labels: f64| MARGIN + labels + LABEL_GAP;
        let fits = |name: &String| font::width(name, LABEL_SIZE) + 6.0 <= cells(beside(widest_label("")));
        let (columns, labels) = match map.columns.iter().all(fits) {
            true => (ColumnLabels::Names, widest_label("")),
            false if is_square => (ColumnLabels::Numbers, widest_label("00  ")),
            false => (ColumnLabels::Upwards, widest_label("")),
        };
        let left = beside(labels);
        let highest = map.columns.iter().map(|name| font::width(name, LABEL_SIZE)).fold(0.0, f64::max);
        let top = MARGIN
            + match columns {
                ColumnLabels::Upwards => highest.min(HIGHEST_LABELS) + 6.0,
                _ => LABEL_SIZE + 8.0,
            };
        let cell_width = cells(left);
        let room = (canvas.height - top - SCALE_HEIGHT - MARGIN) / map.rows.len() as f64;
        let cell_height = room.clamp(LOWEST_CELL, HIGHEST_CELL);
        let values = || map.values.iter().flatten().flatten();
        let fits = |(size, digits): &(f64, i32)| {
            values().all(|value| font::width(&rounded(*value, *digits), *size) + 2.0 * PADDING <= cell_width)
        };
        let numbers = [(11.5, 3), (10.5, 3), (10.5, 2), (9.5, 2)].into_iter().find(fits);
        Self { labels, left, top, cell_width, cell_height, columns, numbers }
    }

    /// The middle of a column.
    fn x(&self, column: usize) -> f64 {
        self.left + (column as f64 + 0.5) * self.cell_width
    }

    fn draw_column_label(&self, canvas: &mut Canvas, at: usize, name: &str) {
        let baseline = self.top - 7.0;
        match self.columns {
            ColumnLabels::Names => {
                canvas.write(TextElement { x: self.x(at), y: baseline, ..label(name, LABEL_SIZE, Ink::Text) });
            }
            ColumnLabels::Numbers => {
                let number = (at + 1).to_string();
                canvas.write(TextElement { x: self.x(at), y: baseline, ..label(&number, LABEL_SIZE, Ink::Text) });
            }
            // If the columns are narrower than a line of text, some names are left out.
            ColumnLabels::Upwards if at.is_multiple_of((LABEL_SIZE * 1.3 / self.cell_width).ceil() as usize) => {
                let name = font::cut(name, LABEL_SIZE, HIGHEST_LABELS);
                canvas.write(TextElement {
                    x: self.x(at) + 0.35 * LABEL_SIZE,
                    y: baseline + 1.0,
                    anchor: Anchor::Start,
                    rotated: true,
                    ..label(&name, LABEL_SIZE, Ink::Text)
                });
            }
            ColumnLabels::Upwards => {}
        }
    }

    fn draw_row_label(&self, canvas: &mut Canvas, at: usize, name: &str) {
        let number = if self.columns == ColumnLabels::Numbers { format!("{}  ", at + 1) } else { String::new() };
        let name = font::cut(&format!("{number}{name}"), LABEL_SIZE, self.labels);
        let y = self.top + (at as f64 + 0.5) * self.cell_height + 0.35 * LABEL_SIZE;
        let (x, anchor) = match self.columns {
            ColumnLabels::Numbers => (MARGIN, Anchor::Start),
            _ => (self.left - LABEL_GAP, Anchor::End),
        };
        canvas.write(TextElement { x, y, anchor, ..label(&name, LABEL_SIZE, Ink::Text) });
    }

    fn draw_cell(&self, canvas: &mut Canvas, (row, column): (usize, usize), opacity: Option<f64>, tooltip: &str) {
        let left = self.left + column as f64 * self.cell_width;
        let top = self.top + row as f64 * self.cell_height;
        let (width, height) = (self.cell_width - 1.5, self.cell_height - 1.5);
        canvas.draw(html! {
            g {
                title { (EscapedText(tooltip)) }
                rect class={ "fill-" (HUE.class()) } x=(Px(left)) y=(Px(top)) width=(Px(width)) height=(Px(height))
                    fill=(HUE.colour()) fill-opacity=(format!("{:.3}", opacity.unwrap_or(0.0))) {}
            }
        });
    }

    fn draw_value(&self, canvas: &mut Canvas, (row, column): (usize, usize), value: Option<f64>) {
        let Some((size, digits)) = self.numbers else { return };
        let y = self.top + (row as f64 + 0.5) * self.cell_height + 0.33 * size;
        let (text, ink) = match value {
            Some(value) => (rounded(value, digits), Ink::Text),
            None => ("–".to_owned(), Ink::Muted),
        };
        canvas.write(TextElement { x: self.x(column) - 0.75, y, ..label(&text, size, ink) });
    }
}

fn fill(canvas: &mut Canvas, (left, top): (f64, f64), (width, height): (f64, f64), opacity: f64) {
    canvas.draw(html! {
        rect class={ "fill-" (HUE.class()) } x=(Px(left)) y=(Px(top)) width=(Px(width)) height=(Px(height))
            fill=(HUE.colour()) fill-opacity=(format!("{opacity:.3}")) shape-rendering="crispEdges" {}
    });
}

fn label(text: &str, size: f64, ink: Ink) -> TextElement<'_> {
    TextElement { text, x: 0.0, y: 0.0, size, anchor: Anchor::Middle, ink, rotated: false, outlined: false }
}

fn shown(value: Option<f64>) -> String {
    value.map_or_else(|| "none".to_owned(), short)
}
