use super::columns::Kind;
use crate::Error;
use std::borrow::Cow;

/// Where the cells of a column are, for messages.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// The file, or what the table is.
    pub origin: &'a str,
    pub column: &'a str,
    pub kind: Kind,
}

impl Place<'_> {
    /// The cell of a row, counted from 0, that cannot be used.
    pub fn refusal(&self, row: usize, expected: impl Into<Cow<'static, str>>, found: impl Into<String>) -> Error {
        Error::Cell {
            origin: self.origin.to_owned(),
            row: row + 1,
            column: self.column.to_owned(),
            expected: expected.into(),
            found: found.into(),
        }
    }

    /// A cell that is empty.
    pub fn null(&self, row: usize) -> Error {
        self.refusal(row, self.kind.cell_in_words(), "nothing (null)")
    }

    /// A column of a type that the table cannot take.
    #[cfg(feature = "tables")]
    pub fn wrong_type(&self, found: impl std::fmt::Display) -> Error {
        Error::ColumnType {
            origin: self.origin.to_owned(),
            column: self.column.to_owned(),
            expected: self.kind.words(),
            found: format!("type {found}"),
        }
    }
}
