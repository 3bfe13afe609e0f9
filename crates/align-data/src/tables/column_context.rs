use super::columns::ColumnKind;
use crate::Error;
use std::borrow::Cow;

/// The column that an error message refers to.
#[derive(Clone, Copy)]
pub(super) struct ColumnContext<'a> {
    /// The file, or the kind of table.
    pub origin: &'a str,
    pub column: &'a str,
    pub kind: ColumnKind,
}

impl ColumnContext<'_> {
    /// An invalid cell. `row` is counted from 0.
    pub fn cell_error(&self, row: usize, expected: impl Into<Cow<'static, str>>, found: impl Into<String>) -> Error {
        Error::Cell {
            origin: self.origin.to_owned(),
            row: row + 1,
            column: self.column.to_owned(),
            expected: expected.into(),
            found: found.into(),
        }
    }

    /// An invalid message of a conversation. `row` and `message` are counted from 0.
    pub fn message_error(&self, row: usize, message: usize, problem: String) -> Error {
        let (origin, column) = (self.origin.to_owned(), self.column.to_owned());
        Error::Message { origin, row: row + 1, column, message: message + 1, problem }
    }

    /// A cell that is null.
    pub fn null_error(&self, row: usize) -> Error {
        self.cell_error(row, self.kind.expected_cell(), "nothing (null)")
    }

    /// A column whose type the table cannot use.
    #[cfg(feature = "tables")]
    pub fn type_error(&self, found: impl std::fmt::Display) -> Error {
        Error::ColumnType {
            origin: self.origin.to_owned(),
            column: self.column.to_owned(),
            expected: self.kind.expected_values(),
            found: format!("type {found}"),
        }
    }
}
