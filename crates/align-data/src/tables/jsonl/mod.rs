//! JSON Lines: an object a line.

mod cells;

use super::columns::{Column, Kind, empty_column, frame_of, known};
use super::{ROW_LIMIT, too_long};
use crate::{Error, Result};
use cells::{Cell, Cells};
use polars_core::frame::DataFrame;
use polars_core::prelude::{AnyValue, Column as Series, IntoColumn, NamedFrom, PlSmallStr};
use serde_json::Value;
use serde_json::error::Category;
use std::io::Write;
use std::path::Path;

/// Fewest bytes of a field: a name of no letters, a digit, and what separates them.
const LEAST_FIELD: usize = 5;
/// Columns of any file, and bytes that each further one needs: polars keeps a kilobyte about a column.
const COLUMNS: usize = 64;
const COLUMN_BYTES: usize = 128;

pub(super) fn read(path: &Path, bytes: &[u8], columns: &[Column]) -> Result<DataFrame> {
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let line = bytes.iter().take(e.valid_up_to()).filter(|&&byte| byte == b'\n').count() + 1;
        Error::Line { path: path.to_owned(), line, problem: "not UTF-8 text".to_owned() }
    })?;
    let mut cells = Cells::new(COLUMNS + bytes.len() / COLUMN_BYTES);
    for (index, line) in text.trim_start_matches('\u{feff}').split('\n').enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let problem = |problem: String| Error::Line { path: path.to_owned(), line: index + 1, problem };
        if line.len() > ROW_LIMIT {
            return Err(problem(too_long(line.len())));
        }
        cells.push(line).map_err(|e| problem(in_words(&e)))?;
        // Each row has a cell under every name: names that stand once each would fill memory with nulls.
        let (rows, names) = (cells.rows, cells.columns.len());
        if rows.saturating_mul(names) > bytes.len() / LEAST_FIELD {
            return Err(problem(format!(
                "{names} different names in {rows} rows: expected the same names in each row"
            )));
        }
    }
    let mut series = Vec::with_capacity(cells.columns.len());
    if cells.rows == 0 {
        // A file without lines is a table without rows: nothing in it could name the columns.
        for column in columns {
            if !series.iter().any(|known: &Series| known.name() == column.name) {
                series.push(empty_column(column.name, column.kind));
            }
        }
    }
    for (name, column) in &cells.columns {
        series.extend(typed(path, name, column, &cells, known(columns, name))?);
    }
    frame_of(cells.rows, series, &path.display().to_string())
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

/// The values under one name as a column of one type, or `None` where the table does not know the name and they are not flat.
fn typed(path: &Path, name: &str, column: &[Cell], cells: &Cells, known: Option<&Column>) -> Result<Option<Series>> {
    let nulls = cells.rows.saturating_sub(column.len());
    let values = || column.iter().copied().chain(std::iter::repeat_n(Cell::Null, nulls));
    if let Some(known) = known {
        let fits = |cell: Cell| match (known.kind, cell) {
            (_, Cell::Null) => true,
            (Kind::Text, cell) => cells.text(cell).is_some(),
            (Kind::Number, cell) => cell.number().is_some(),
            (Kind::Flag | Kind::Class, cell) => !matches!(cell, Cell::List | Cell::Object),
        };
        if let Some((row, cell)) = values().enumerate().find(|(_, cell)| !fits(*cell)) {
            return Err(Error::Cell {
                origin: path.display().to_string(),
                row: row + 1,
                column: name.to_owned(),
                expected: known.kind.cell_in_words().into(),
                found: cell.words().to_owned(),
            });
        }
    }
    let all = |is: fn(Cell) -> bool| values().all(|cell| matches!(cell, Cell::Null) || is(cell));
    use polars_core::series::Series as S;
    let label = PlSmallStr::from_str(name);
    // Labels may be written in several ways in one file.
    let is_label = known.is_some_and(|known| matches!(known.kind, Kind::Flag | Kind::Class));
    let series = if is_label {
        S::new(label, values().map(|cell| cells.in_text(cell)).collect::<Vec<_>>())
    } else if all(|cell| matches!(cell, Cell::Text { .. })) {
        S::new(label, values().map(|cell| cells.text(cell)).collect::<Vec<_>>())
    } else if all(|cell| cell.int().is_some()) {
        S::new(label, values().map(Cell::int).collect::<Vec<_>>())
    } else if all(|cell| cell.number().is_some()) {
        S::new(label, values().map(Cell::number).collect::<Vec<_>>())
    } else if all(|cell| cell.bool().is_some()) {
        S::new(label, values().map(Cell::bool).collect::<Vec<_>>())
    } else {
        tracing::warn!(table = %path.display(), column = %name, "column left out: lists, objects or mixed types");
        return Ok(None);
    };
    Ok(Some(series.into_column()))
}

pub(super) fn write(path: &Path, mut file: impl Write, frame: &DataFrame) -> Result<()> {
    let failed = |e: std::io::Error| Error::write(path, e);
    let names = frame
        .get_column_names()
        .iter()
        .map(|name| serde_json::to_string(name.as_str()))
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|e| failed(e.into()))?;
    for row in 0..frame.height() {
        for (place, (name, column)) in names.iter().zip(frame.columns()).enumerate() {
            let before = if place == 0 { "{" } else { ", " };
            let value = column.get(row).map_err(|e| failed(std::io::Error::other(e)))?;
            write!(file, "{before}{name}: ").map_err(failed)?;
            serde_json::to_writer(&mut file, &json(&value)).map_err(|e| failed(e.into()))?;
        }
        file.write_all(b"}\n").map_err(failed)?;
    }
    Ok(())
}

/// A flat value; a number that JSON cannot hold (not finite) becomes null.
fn json(value: &AnyValue<'_>) -> Value {
    match value {
        AnyValue::Null => Value::Null,
        AnyValue::Boolean(value) => Value::Bool(*value),
        AnyValue::Float32(value) => Value::from(*value),
        AnyValue::Float64(value) => Value::from(*value),
        AnyValue::UInt64(value) => Value::from(*value),
        other => match (other.get_str(), other.extract::<i64>()) {
            (Some(text), _) => Value::from(text),
            (None, Some(number)) => Value::from(number),
            (None, None) => Value::Null,
        },
    }
}
