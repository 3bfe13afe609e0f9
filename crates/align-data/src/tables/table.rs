//! The generic table.

use super::column_context::ColumnContext;
use super::columns::{Column, ColumnKind};
use super::extra_columns::{ColumnValues, ExtraColumn};
use super::labels;
use super::raw_table::RawTable;
use super::value::Value;
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// A row type, and the columns in which files store it.
pub trait Row: Sized {
    /// How error messages call a table that was not read from a file.
    const TABLE: &'static str;
    /// The columns in file order.
    const COLUMNS: &'static [Column];

    /// Takes the row type's columns out of `raw` and builds the rows.
    ///
    /// # Errors
    /// When a column is missing or a value is invalid.
    fn read_rows(raw: &mut RawTable) -> Result<Vec<Self>>;

    /// The row's value in a column; null if it has none.
    fn value(&self, column: &str) -> Value<'_>;
}

/// Typed rows, and the extra columns of their file.
#[derive(Debug, Clone)]
pub struct Table<R> {
    pub(super) rows: Vec<R>,
    pub(super) extra_columns: Vec<ExtraColumn>,
    /// The file that the table was read from.
    pub(super) file: Option<PathBuf>,
}

impl<R: Row> Table<R> {
    /// Creates a table of these rows.
    ///
    /// # Errors
    /// When a score or another number is not finite, or a class is negative.
    pub fn from_rows(rows: Vec<R>) -> Result<Self> {
        for column in R::COLUMNS {
            let context = ColumnContext { origin: R::TABLE, column: column.name, kind: column.kind };
            let values: Vec<Value<'_>> = rows.iter().map(|row| row.value(column.name)).collect();
            match column.kind {
                ColumnKind::Number | ColumnKind::PairNumber => finite(&values, &context)?,
                ColumnKind::Class => drop(labels::parse_classes(&values, &context, &[])?),
                ColumnKind::Text | ColumnKind::Content | ColumnKind::Json | ColumnKind::Any | ColumnKind::Boolean => {}
            }
        }
        Ok(Self { rows, extra_columns: Vec::new(), file: None })
    }

    /// Builds the rows and keeps the remaining columns as extra columns.
    pub(super) fn from_raw(mut raw: RawTable) -> Result<Self> {
        raw.check_columns(R::COLUMNS)?;
        Ok(Self { rows: R::read_rows(&mut raw)?, extra_columns: raw.into_extra_columns(), file: None })
    }

    /// Adds an extra column of numbers, such as logits. A column of the same name is replaced.
    ///
    /// # Errors
    /// When the number of values differs from the number of rows, or the name is one of the table's own columns.
    pub fn with_column(mut self, name: &str, numbers: &[f64]) -> Result<Self> {
        if R::COLUMNS.iter().any(|column| column.name == name) {
            let own: Vec<&str> = R::COLUMNS.iter().map(|column| column.name).collect();
            return Err(Error::Option {
                option: "name",
                expected: format!("a name other than {}", own.join(", ")),
                found: format!("{name:?}"),
            });
        }
        if numbers.len() != self.len() {
            let (expected, found) = (self.len(), numbers.len());
            return Err(Error::Length { column: name.to_owned(), expected, found });
        }
        let values = ColumnValues::Floats(numbers.iter().copied().map(Some).collect());
        match self.extra_columns.iter_mut().find(|column| column.name == name) {
            Some(column) => column.values = values,
            None => self.extra_columns.push(ExtraColumn { name: name.to_owned(), values }),
        }
        Ok(self)
    }

    /// The values of an extra column as text, if there is one with this name. A missing value is empty.
    pub fn extra_texts(&self, name: &str) -> Option<Vec<String>> {
        let column = self.extra_columns.iter().find(|column| column.name == name)?;
        let text = |row| column.values.value(row).to_text().unwrap_or_default().into_owned();
        Some((0..self.len()).map(text).collect())
    }

    /// The file that [`Table::read`] read, if any.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The rows.
    pub fn rows(&self) -> &[R] {
        &self.rows
    }

    /// Converts the table into its rows.
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

    /// The table's own columns: all required ones, the optional ones in which every row has a value, and the numbers of pairs that any row has.
    pub(super) fn columns(&self) -> Vec<&'static Column> {
        let is_written = |column: &&Column| {
            let mut has_value = self.rows.iter().map(|row| row.value(column.name) != Value::Null);
            match column.kind {
                ColumnKind::PairNumber => has_value.any(|has| has),
                _ => column.required || has_value.all(|has| has),
            }
        };
        R::COLUMNS.iter().filter(is_written).collect()
    }

    /// The names of all columns: the table's own, then the extra ones.
    pub(super) fn names<'a>(&'a self, columns: &[&'static Column]) -> Vec<&'a str> {
        columns
            .iter()
            .map(|column| column.name)
            .chain(self.extra_columns.iter().map(|column| column.name.as_str()))
            .collect()
    }

    /// The values of a row. `row` is counted from 0.
    pub(super) fn values<'a>(
        &'a self,
        row: usize,
        columns: &'a [&'static Column],
    ) -> impl Iterator<Item = Value<'a>> + 'a {
        let own = self.rows.get(row).into_iter().flat_map(|row| columns.iter().map(|column| row.value(column.name)));
        own.chain(self.extra_columns.iter().map(move |column| column.values.value(row)))
    }
}

/// Checks that all numbers are finite.
fn finite(numbers: &[Value<'_>], column: &ColumnContext<'_>) -> Result<()> {
    for (row, value) in numbers.iter().enumerate() {
        if let Some(number) = value.number().filter(|number| !number.is_finite()) {
            return Err(column.cell_error(row, column.kind.expected_cell(), number.to_string()));
        }
    }
    Ok(())
}
