//! The columns of a file before conversion to rows. The table takes and checks its own columns; the others are kept as
//! extra columns.

use super::cells::{Cell, Cells};
use super::column_context::ColumnContext;
use super::columns::{ColumnKind, notebook_name};
#[cfg(feature = "tables")]
use super::extra_columns::extra_series;
use super::extra_columns::{ExtraColumn, extra_column};
use super::labels;
use super::value::Value;
use crate::{Error, Result};

/// A table whose columns are not checked yet.
#[derive(Debug)]
pub struct RawTable {
    /// The file, or the kind of table, for error messages.
    origin: String,
    cells: Cells,
    /// The columns of a data frame, if the table was read from one.
    #[cfg(feature = "tables")]
    series: Vec<polars::prelude::Column>,
    /// The names of all columns in the file.
    names: Vec<String>,
    /// Class names, if known.
    pub classes: Vec<String>,
}

impl RawTable {
    /// A table from the cells of a text format.
    pub(super) fn from_cells(origin: &str, cells: Cells) -> Self {
        let names = cells.columns.iter().map(|(name, _)| name.clone()).filter(|name| !name.is_empty()).collect();
        Self {
            origin: origin.to_owned(),
            cells,
            #[cfg(feature = "tables")]
            series: Vec::new(),
            names,
            classes: Vec::new(),
        }
    }

    /// A table from a data frame.
    #[cfg(feature = "tables")]
    pub(super) fn from_frame_columns(origin: &str, frame: polars::prelude::DataFrame) -> Self {
        let mut series = frame.into_columns();
        // pandas writes its index column without a name.
        series.retain(|column| !column.name().is_empty());
        let names = series.iter().map(|column| column.name().to_string()).collect();
        Self { origin: origin.to_owned(), cells: Cells::default(), series, names, classes: Vec::new() }
    }

    /// Whether there is a column of this name.
    pub fn has(&self, name: &str) -> bool {
        self.names.iter().any(|found| found == name)
    }

    /// Takes a text column.
    pub fn texts(&mut self, name: &str) -> Result<Vec<String>> {
        self.optional_texts(name)?.ok_or_else(|| self.missing(name))
    }

    /// Takes a text column, if it exists.
    pub fn optional_texts(&mut self, name: &str) -> Result<Option<Vec<String>>> {
        self.take(name, ColumnKind::Text, |column, values, _| {
            let text = |(row, value): (usize, &Value<'_>)| match value {
                Value::Text(text) => Ok((*text).to_owned()),
                Value::Null => Err(column.null_error(row)),
                other => Err(column.cell_error(row, column.kind.expected_cell(), format!("{other:?}"))),
            };
            values.iter().enumerate().map(text).collect()
        })
    }

    /// Takes a numeric column.
    pub fn numbers(&mut self, name: &str) -> Result<Vec<f64>> {
        self.optional_numbers(name)?.ok_or_else(|| self.missing(name))
    }

    /// Takes a numeric column, if it exists. Numbers may be stored as text, except in JSON, where the reader rejects
    /// that.
    pub fn optional_numbers(&mut self, name: &str) -> Result<Option<Vec<f64>>> {
        self.take(name, ColumnKind::Number, |column, values, _| {
            let expected = column.kind.expected_cell();
            let number = |(row, value): (usize, &Value<'_>)| {
                let number = match value {
                    Value::Null => return Err(column.null_error(row)),
                    Value::Text(text) => text.trim().parse().ok(),
                    value => value.number(),
                };
                let found = || value.to_text().map_or_else(String::new, |text| format!("{text:?}"));
                let number = number.ok_or_else(|| column.cell_error(row, expected, found()))?;
                if number.is_finite() { Ok(number) } else { Err(column.cell_error(row, expected, number.to_string())) }
            };
            values.iter().enumerate().map(number).collect()
        })
    }

    /// Takes a boolean column.
    pub fn booleans(&mut self, name: &str) -> Result<Vec<bool>> {
        self.take(name, ColumnKind::Boolean, |column, values, _| labels::parse_booleans(values, column))?
            .ok_or_else(|| self.missing(name))
    }

    /// Takes a column of class labels.
    pub fn classes(&mut self, name: &str) -> Result<Vec<i64>> {
        self.take(name, ColumnKind::Class, labels_of)?.ok_or_else(|| self.missing(name))
    }

    /// The columns that were not taken. Those that hold neither text, numbers nor booleans are skipped.
    pub fn into_extra_columns(self) -> Vec<ExtraColumn> {
        let Self {
            origin,
            mut cells,
            #[cfg(feature = "tables")]
            series,
            ..
        } = self;
        let columns = std::mem::take(&mut cells.columns);
        // pandas writes its index column without a name.
        let named = columns.into_iter().filter(|(name, _)| !name.is_empty());
        let kept = named.filter_map(|(name, column)| extra_column(&origin, name, &column, &cells));
        #[cfg(feature = "tables")]
        let kept = kept.chain(series.into_iter().filter_map(|column| extra_series(&origin, column)));
        kept.collect()
    }

    /// Takes a column by its name here or its name in the notebook, and converts its values.
    fn take<T>(
        &mut self,
        name: &str,
        kind: ColumnKind,
        read: impl FnOnce(&ColumnContext<'_>, &[Value<'_>], &[String]) -> Result<T>,
    ) -> Result<Option<T>> {
        let notebook = notebook_name(name).filter(|_| !self.has(name));
        let name_in_file = notebook.unwrap_or(name);
        let context = ColumnContext { origin: &self.origin, column: name, kind };
        #[cfg(feature = "tables")]
        if let Some(at) = self.series.iter().position(|column| column.name() == name_in_file) {
            let column = self.series.remove(at);
            return read(&context, &super::series::values(&column, &context)?, &self.classes).map(Some);
        }
        let Some(at) = self.cells.columns.iter().position(|(found, _)| found == name_in_file) else { return Ok(None) };
        let (_, column) = self.cells.columns.remove(at);
        let values: Vec<Value<'_>> = self.cells.padded_cells(&column).map(|cell| value(cell, &self.cells)).collect();
        read(&context, &values, &self.classes).map(Some)
    }

    fn missing(&self, name: &str) -> Error {
        Error::MissingColumn { origin: self.origin.clone(), column: name.to_owned(), found: self.names.clone() }
    }
}

fn labels_of(column: &ColumnContext<'_>, values: &[Value<'_>], names: &[String]) -> Result<Vec<i64>> {
    labels::parse_classes(values, column, names)
}

fn value(cell: Cell, cells: &Cells) -> Value<'_> {
    match cell {
        Cell::Bool(value) => Value::Bool(value),
        Cell::Int(number) => Value::Int(number),
        Cell::Float(number) => Value::Float(number),
        // The readers reject lists and objects in the table's own columns.
        Cell::Null | Cell::List | Cell::Object => Value::Null,
        Cell::Text { .. } => cells.text(cell).map_or(Value::Null, Value::Text),
    }
}
