//! What every table can do.

use super::columns::{Column, Kind};
use super::further::Further;
use super::labels;
use super::place::Place;
use super::raw::Raw;
use super::value::Value;
use crate::Result;
use std::path::{Path, PathBuf};

/// A row of a table, and the columns that a file has it in.
pub trait Row: Sized {
    /// What messages call a table that came from no file.
    const TABLE: &'static str;
    /// The columns, in a file's order; `value` has one for each.
    const COLUMNS: &'static [Column];

    /// Takes the rows' columns out of a table.
    ///
    /// # Errors
    /// When a column is missing or holds what it must not.
    fn rows(raw: &mut Raw) -> Result<Vec<Self>>;

    /// The value in a column; null where the row has none.
    fn value(&self, column: &str) -> Value<'_>;
}

/// Rows of one kind, and the further columns that their file had.
#[derive(Debug, Clone)]
pub struct Table<R> {
    pub(super) rows: Vec<R>,
    pub(super) further: Vec<Further>,
    /// The file that it was read from.
    pub(super) file: Option<PathBuf>,
}

impl<R: Row> Table<R> {
    /// A table of these rows.
    ///
    /// # Errors
    /// When a score is not finite or a class is negative.
    pub fn from_rows(rows: Vec<R>) -> Result<Self> {
        for column in R::COLUMNS {
            let place = Place { origin: R::TABLE, column: column.name, kind: column.kind };
            let values: Vec<Value<'_>> = rows.iter().map(|row| row.value(column.name)).collect();
            match column.kind {
                Kind::Number => finite(&values, &place)?,
                Kind::Class => drop(labels::classes(&values, &place, &[])?),
                Kind::Text | Kind::Flag => {}
            }
        }
        Ok(Self { rows, further: Vec::new(), file: None })
    }

    /// Takes the rows and the further columns out of what was read.
    pub(super) fn from_raw(mut raw: Raw) -> Result<Self> {
        Ok(Self { rows: R::rows(&mut raw)?, further: raw.further(), file: None })
    }

    /// The file that [`Table::read`] read it from.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The rows.
    pub fn rows(&self) -> &[R] {
        &self.rows
    }

    /// The rows, taken out.
    pub fn into_rows(self) -> Vec<R> {
        self.rows
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table's own columns that it has: those that it needs, and those in which every row has a value.
    pub(super) fn columns(&self) -> Vec<&'static Column> {
        let whole = |name: &str| self.rows.iter().all(|row| row.value(name) != Value::Null);
        R::COLUMNS.iter().filter(|column| column.required || whole(column.name)).collect()
    }

    /// The names of all columns, the table's own first.
    pub(super) fn names<'a>(&'a self, columns: &[&'static Column]) -> Vec<&'a str> {
        columns.iter().map(|column| column.name).chain(self.further.iter().map(|column| column.name.as_str())).collect()
    }

    /// The values of a row, counted from 0.
    pub(super) fn values<'a>(
        &'a self,
        row: usize,
        columns: &'a [&'static Column],
    ) -> impl Iterator<Item = Value<'a>> + 'a {
        let own = self.rows.get(row).into_iter().flat_map(|row| columns.iter().map(|column| row.value(column.name)));
        own.chain(self.further.iter().map(move |column| column.values.value(row)))
    }
}

/// Whether no number is infinite or no number at all.
fn finite(numbers: &[Value<'_>], place: &Place<'_>) -> Result<()> {
    for (row, value) in numbers.iter().enumerate() {
        if let Some(number) = value.number().filter(|number| !number.is_finite()) {
            return Err(place.refusal(row, place.kind.cell_in_words(), number.to_string()));
        }
    }
    Ok(())
}
