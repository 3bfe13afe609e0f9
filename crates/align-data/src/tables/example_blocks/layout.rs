use super::super::column_names::ColumnNames;
use super::super::columns::Column;
use super::super::raw_table::RawTable;
use crate::streaming::StreamingError;
use std::path::Path;

/// What decides how rows are read. It must be the same for all blocks of a file, as if the file were read at once.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// The columns of the table that the file has, under the file's names.
    pub columns: Vec<String>,
    notes: Vec<String>,
    is_conversation: bool,
}

impl Layout {
    /// The columns of a block that the table knows.
    pub fn known_columns(raw: &RawTable, columns: &[Column], names: &ColumnNames) -> Vec<String> {
        let known = raw.names().iter().filter(|name| names.find_column(columns, name).is_some());
        known.cloned().collect()
    }

    pub fn new(columns: Vec<String>, notes: &[String], is_conversation: bool) -> Self {
        Self { columns, notes: notes.to_vec(), is_conversation }
    }

    /// Checks that the block that begins with `row`, counted from 0, has no columns that the first block lacks. A new column would change how rows
    /// are read.
    pub fn check_columns(&self, path: &Path, row: usize, columns: &[String]) -> Result<(), StreamingError> {
        match columns.iter().find(|name| !self.columns.contains(name)) {
            Some(new) => Err(layout_error(
                path,
                row,
                format!(
                    "the column {new:?} begins here: give it to the file's first row too, as null if it has no value"
                ),
            )),
            None => Ok(()),
        }
    }

    /// Checks that the block that begins with `row`, counted from 0, has this layout.
    pub fn check(&self, path: &Path, row: usize, block: &Self) -> Result<(), StreamingError> {
        if self.is_conversation != block.is_conversation {
            let form = |is_conversation| if is_conversation { "conversations" } else { "plain texts" };
            let (found, expected) = (form(block.is_conversation), form(self.is_conversation));
            return Err(layout_error(path, row, format!("expected {expected}, as in the rows before, found {found}")));
        }
        if self.notes != block.notes {
            let words = |notes: &[String]| if notes.is_empty() { "none".to_owned() } else { notes.join("; ") };
            return Err(layout_error(
                path,
                row,
                format!(
                    "expected the layout of the rows before ({}), found another ({})",
                    words(&self.notes),
                    words(&block.notes)
                ),
            ));
        }
        Ok(())
    }
}

fn layout_error(path: &Path, row: usize, problem: String) -> StreamingError {
    StreamingError::Layout { path: path.to_owned(), row: row + 1, problem }
}
