use super::super::cells::Cells;
use super::super::limits::{ROW_LIMIT, row_too_long};
use super::row::push_row;
use serde_json::error::Category;

/// Fewest bytes that a field can take: an empty name, a digit and the punctuation.
const MIN_FIELD_BYTES: usize = 5;
/// A file may have this many columns, plus one for each [`BYTES_PER_EXTRA_COLUMN`] bytes. A table keeps a few hundred
/// bytes of metadata per column.
const BASE_COLUMNS: usize = 64;
const BYTES_PER_EXTRA_COLUMN: usize = 128;

/// Reads the text of one object as the next row of a file of this size.
pub(super) fn push_checked_row(cells: &mut Cells, row: &str, file_size: usize) -> Result<(), String> {
    if row.len() > ROW_LIMIT {
        return Err(row_too_long(row.len()));
    }
    let most_columns = BASE_COLUMNS + file_size / BYTES_PER_EXTRA_COLUMN;
    push_row(cells, row, most_columns).map_err(|e| error_message(&e))?;
    // Each row has a cell in every column. If every row had its own field names, the table would fill memory with nulls.
    let (rows, names) = (cells.rows, cells.columns.len());
    if rows.saturating_mul(names) > file_size / MIN_FIELD_BYTES {
        return Err(format!("{names} different names in {rows} rows, expected the same field names in every row"));
    }
    Ok(())
}

/// The message of a serde_json error, without its line number: each line is parsed on its own, so that number is always
/// 1.
fn error_message(problem: &serde_json::Error) -> String {
    let words = problem.to_string();
    let words = words.split(" at line ").next().unwrap_or_default();
    match problem.classify() {
        Category::Data => format!("column {}: {words}", problem.column()),
        _ => format!("not valid JSON: column {}: {words}", problem.column()),
    }
}
