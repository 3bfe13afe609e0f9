//! JSON Lines: an object a line.

mod row;
mod write;

pub(super) use write::write;

use super::cells::{Cell, Cells};
use super::columns::{Column, Kind, known};
use super::limits::{ROW_LIMIT, too_long};
use super::place::Place;
use crate::{Error, Result};
use align_base::printable_path;
use serde_json::error::Category;
use std::collections::BTreeSet;
use std::path::Path;

/// Fewest bytes of a field: a name of no letters, a digit, and what separates them.
const LEAST_FIELD: usize = 5;
/// Columns of any file, and bytes that each further one needs: a table keeps some hundred bytes about a column.
const COLUMNS: usize = 64;
const COLUMN_BYTES: usize = 128;

pub(super) fn read(path: &Path, bytes: &[u8], columns: &[Column]) -> Result<Cells> {
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let line = bytes.iter().take(e.valid_up_to()).filter(|&&byte| byte == b'\n').count() + 1;
        Error::Line { path: path.to_owned(), line, problem: "not UTF-8 text".to_owned() }
    })?;
    let most_columns = COLUMNS + bytes.len() / COLUMN_BYTES;
    let mut cells = Cells::default();
    for (index, line) in text.trim_start_matches('\u{feff}').split('\n').enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let problem = |problem: String| Error::Line { path: path.to_owned(), line: index + 1, problem };
        if line.len() > ROW_LIMIT {
            return Err(problem(too_long(line.len())));
        }
        row::push(&mut cells, line, most_columns).map_err(|e| problem(in_words(&e)))?;
        // Each row has a cell under every name: names that stand once each would fill memory with nulls.
        let (rows, names) = (cells.rows, cells.columns.len());
        if rows.saturating_mul(names) > bytes.len() / LEAST_FIELD {
            return Err(problem(format!(
                "{names} different names in {rows} rows: expected the same names in each row"
            )));
        }
    }
    if cells.rows == 0 {
        // A file without lines is a table without rows: nothing in it could name the columns.
        let names: BTreeSet<&str> = columns.iter().map(|column| column.name).collect();
        return Ok(Cells::with_columns(names.into_iter().map(str::to_owned)));
    }
    for (name, column) in &cells.columns {
        if let Some(known) = known(columns, name) {
            check(path, name, column, &cells, known.kind)?;
        }
    }
    Ok(cells)
}

/// What serde_json found wrong with a line; the line in its words is always the first.
fn in_words(problem: &serde_json::Error) -> String {
    let words = problem.to_string();
    let words = words.split(" at line ").next().unwrap_or_default();
    match problem.classify() {
        Category::Data => format!("column {}: {words}", problem.column()),
        _ => format!("not valid JSON: column {}: {words}", problem.column()),
    }
}

/// Whether the values under a name that the table knows are of its kind; labels may be written in several types in one file.
fn check(path: &Path, name: &str, column: &[Cell], cells: &Cells, kind: Kind) -> Result<()> {
    let fits = |cell: Cell| match (kind, cell) {
        (_, Cell::Null) => true,
        (Kind::Text, cell) => cells.text(cell).is_some(),
        (Kind::Number, cell) => cell.number().is_some(),
        (Kind::Flag | Kind::Class, cell) => !matches!(cell, Cell::List | Cell::Object),
    };
    match cells.cells_of(column).enumerate().find(|(_, cell)| !fits(*cell)) {
        None => Ok(()),
        Some((row, cell)) => {
            let origin = printable_path(path);
            let place = Place { origin: &origin, column: name, kind };
            Err(place.refusal(row, kind.cell_in_words(), cell.words()))
        }
    }
}
