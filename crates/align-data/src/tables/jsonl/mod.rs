//! JSON Lines: one object per line. A `.json` file may hold an array of objects instead.

mod array;
mod checked_row;
mod json_text;
mod row;
mod write;

pub(super) use write::write;

use super::cells::{Cell, Cells};
use super::column_context::ColumnContext;
use super::column_names::ColumnNames;
use super::columns::{Column, ColumnKind};
use super::compression::inner_name;
use crate::{Error, Result};
use align_base::printable_path;
use checked_row::push_checked_row;
use std::collections::BTreeSet;
use std::path::Path;

pub(super) fn read(path: &Path, bytes: &[u8], columns: &[Column], names: &ColumnNames) -> Result<Cells> {
    let text = utf8(path, bytes)?.trim_start_matches('\u{feff}');
    let mut cells = Cells::default();
    match may_be_array(path) && text.trim_start().starts_with('[') {
        true => array::push_rows(&mut cells, text).map_err(|problem| Error::Format {
            path: path.to_owned(),
            format: "JSON",
            problem,
        })?,
        false => push_lines(&mut cells, path, text)?,
    }
    if cells.rows == 0 {
        // A file without rows is an empty table. Nothing in the file names its columns.
        let name_in_file = |column: &'static str| names.name_in_file(column).unwrap_or(column);
        let names: BTreeSet<&str> = columns.iter().map(|column| name_in_file(column.name)).collect();
        return Ok(Cells::with_columns(names.into_iter().map(str::to_owned)));
    }
    check_columns(path, &cells, columns, names)?;
    Ok(cells)
}

/// Reads some of a file's lines, which have at least the columns `expected`.
pub(super) fn read_block(
    path: &Path,
    lines: &[u8],
    columns: &[Column],
    names: &ColumnNames,
    expected: &[String],
) -> Result<Cells> {
    let mut cells = Cells::default();
    push_lines(&mut cells, path, utf8(path, lines)?)?;
    // Rows without a field that other rows have are null in it.
    for name in expected {
        let _ = cells.column(name);
    }
    check_columns(path, &cells, columns, names)?;
    Ok(cells)
}

/// Whether a file has the extension of files that may hold an array instead of lines.
pub(super) fn may_be_array(path: &Path) -> bool {
    inner_name(path).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

fn utf8<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a str> {
    std::str::from_utf8(bytes).map_err(|e| {
        let line = bytes.iter().take(e.valid_up_to()).filter(|&&byte| byte == b'\n').count() + 1;
        Error::Line { path: path.to_owned(), line, problem: "not UTF-8 text".to_owned() }
    })
}

/// Checks the types of the table's own columns.
fn check_columns(path: &Path, cells: &Cells, columns: &[Column], names: &ColumnNames) -> Result<()> {
    for (name, column) in &cells.columns {
        if let Some(known) = names.find_column(columns, name) {
            check_types(path, name, column, cells, known.kind)?;
        }
    }
    Ok(())
}

/// Reads one object per line.
fn push_lines(cells: &mut Cells, path: &Path, text: &str) -> Result<()> {
    for (index, line) in text.split('\n').enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let problem = |problem: String| Error::Line { path: path.to_owned(), line: index + 1, problem };
        push_checked_row(cells, line, text.len()).map_err(problem)?;
    }
    Ok(())
}

/// Checks that the values of one of the table's own columns have the column's type. Labels may mix types within a file.
fn check_types(path: &Path, name: &str, column: &[Cell], cells: &Cells, kind: ColumnKind) -> Result<()> {
    let fits = |cell: Cell| match (kind, cell) {
        (_, Cell::Null) => true,
        (ColumnKind::Text, cell) => cells.text(cell).is_some(),
        (ColumnKind::Content | ColumnKind::Json, cell) => matches!(cell, Cell::Text { .. } | Cell::Json { .. }),
        (ColumnKind::Any | ColumnKind::PairNumber, _) => true,
        (ColumnKind::Number, cell) => cell.number().is_some(),
        (ColumnKind::Boolean | ColumnKind::Class, cell) => !matches!(cell, Cell::Json { .. }),
    };
    match cells.padded_cells(column).enumerate().find(|(_, cell)| !fits(*cell)) {
        None => Ok(()),
        Some((row, cell)) => {
            let origin = printable_path(path);
            let context = ColumnContext { origin: &origin, column: name, kind };
            Err(context.cell_error(row, kind.expected_cell(), cells.type_name(cell)))
        }
    }
}
