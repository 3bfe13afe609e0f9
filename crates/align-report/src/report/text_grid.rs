//! The texts of a table's cells, before they are arranged in lines.

use super::column_format::{ColumnFormat, formats};
use super::table::{Cell, Column, Row, Table};
use crate::escaped_text::escape_control;

/// The texts of a table in the orientation in which they are printed.
pub(super) struct Grid {
    /// The heading of the row names.
    pub corner: String,
    /// The headings of the columns, in lines.
    pub headings: Vec<String>,
    pub rows: Vec<GridRow>,
    /// Whether the rows of the table became columns.
    pub is_transposed: bool,
}

pub(super) struct GridRow {
    pub name: String,
    /// The heading of the group that begins with this row; empty for a blank line.
    pub new_group: Option<String>,
    pub cells: Vec<GridCell>,
}

/// A cell: a number and its interval, or a text.
#[derive(Clone)]
pub(super) enum GridCell {
    Number { value: String, interval: String },
    Text(String),
}

impl Grid {
    pub fn of(table: &Table) -> Self {
        let formats = formats(table);
        let cells = |cells: &[Cell]| -> Vec<GridCell> {
            cells.iter().zip(&formats).map(|(cell, format)| grid_cell(cell, format)).collect()
        };
        if table.columns.len() > table.rows.len() {
            return Self::transposed(table, &cells);
        }
        let row = |(index, row): (usize, &Row)| {
            let last = index.checked_sub(1).and_then(|last| table.rows.get(last)).map_or("", |last| &last.group);
            // The name of a group is printed once, above its rows.
            let short = row.name.strip_prefix(&row.group).and_then(|name| name.strip_prefix(", "));
            let heading = short.map_or_else(String::new, |_| escape_control(&row.group));
            let new_group = (row.group != last).then_some(heading);
            let name = short.map_or_else(|| escape_control(&row.name), |name| format!("  {}", escape_control(name)));
            GridRow { name, new_group, cells: cells(&row.cells) }
        };
        Self {
            corner: escape_control(&table.row_title),
            headings: table.columns.iter().map(|column| heading(&column.title, &column.unit, "\n")).collect(),
            rows: table.rows.iter().enumerate().map(row).collect(),
            is_transposed: false,
        }
    }

    /// Rows become columns.
    fn transposed(table: &Table, cells: &dyn Fn(&[Cell]) -> Vec<GridCell>) -> Self {
        let columns: Vec<Vec<GridCell>> = table.rows.iter().map(|row| cells(&row.cells)).collect();
        let row = |(index, column): (usize, &Column)| GridRow {
            name: heading(&column.title, &column.unit, ", "),
            new_group: None,
            cells: columns.iter().filter_map(|column| column.get(index).cloned()).collect(),
        };
        Self {
            corner: String::new(),
            headings: table.rows.iter().map(|row| escape_control(&row.name)).collect(),
            rows: table.columns.iter().enumerate().map(row).collect(),
            is_transposed: true,
        }
    }
}

fn heading(title: &str, unit: &str, separator: &str) -> String {
    if unit.is_empty() { escape_control(title) } else { escape_control(&format!("{title}{separator}{unit}")) }
}

fn grid_cell(cell: &Cell, format: &ColumnFormat) -> GridCell {
    match cell {
        Cell::Missing => GridCell::Number { value: "–".to_owned(), interval: String::new() },
        Cell::Text(text) => GridCell::Text(escape_control(text)),
        Cell::Number(number) => {
            // Not every terminal font has figure spaces.
            let interval = format.interval(number).replace('\u{2007}', " ");
            GridCell::Number { value: format.write(number.value), interval }
        }
    }
}
