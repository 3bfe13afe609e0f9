//! Estimates whether a table fits on a narrow screen.

use super::column_format::ColumnFormat;
use super::table::{Cell, Column, Table};
use crate::figure::text_width;

/// The width of a table on a narrow screen in pixels.
const NARROW: f64 = 360.0;

/// The font size of tables and the space between columns in pixels.
const FONT_SIZE: f64 = 13.0;
const PADDING: f64 = 12.0;

/// The widest row name that a narrow screen shows in one line; longer ones are wrapped.
const WIDEST_NAME: f64 = 160.0;

/// Whether the table is wider than a narrow screen. Texts are wrapped at spaces, numbers are not.
pub(super) fn is_wide(table: &Table, formats: &[ColumnFormat]) -> bool {
    let names = table.rows.iter().map(|row| text_width(&row.name, FONT_SIZE).min(WIDEST_NAME));
    let names = names.fold(wrapped(&table.row_title), f64::max);
    let columns = table.columns.iter().zip(formats).enumerate();
    let width = |(index, (column, format)): (usize, (&Column, &ColumnFormat))| {
        let cells = table.rows.iter().filter_map(|row| row.cells.get(index)).map(|cell| cell_width(cell, format));
        cells.fold(wrapped(&column.title).max(wrapped(&column.unit)), f64::max) + PADDING
    };
    names + PADDING + columns.map(width).sum::<f64>() > NARROW
}

fn cell_width(cell: &Cell, format: &ColumnFormat) -> f64 {
    match cell {
        Cell::Missing => 0.0,
        Cell::Text(text) => wrapped(text),
        Cell::Number(number) => {
            text_width(&format!("{} {}", format.write(number.value), format.interval(number)), FONT_SIZE)
        }
    }
}

/// The least width of text that is wrapped at spaces.
fn wrapped(text: &str) -> f64 {
    text.split_whitespace().map(|word| text_width(word, FONT_SIZE)).fold(0.0, f64::max)
}
