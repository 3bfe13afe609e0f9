//! The columns of a file before conversion to rows. The table takes and checks its own columns; the others are kept as
//! extra columns.

use super::cells::{Cell, Cells};
use super::column_context::ColumnContext;
use super::column_names::ColumnNames;
use super::columns::{Column, ColumnKind, notebook_name};
#[cfg(feature = "tables")]
use super::extra_columns::extra_series;
use super::extra_columns::{ExtraColumn, extra_column};
use super::labels;
use super::value::Value;
use crate::{Error, PairNumber, Result};

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
    /// The file's names for the table's columns.
    column_names: ColumnNames,
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
            column_names: ColumnNames::default(),
            classes: Vec::new(),
        }
    }

    /// A table from a data frame.
    #[cfg(feature = "tables")]
    pub(super) fn from_frame_columns(origin: &str, frame: polars::prelude::DataFrame) -> Self {
        let mut table = Self::from_cells(origin, Cells::default());
        table.series = frame.into_columns();
        // pandas writes its index column without a name.
        table.series.retain(|column| !column.name().is_empty());
        table.names = table.series.iter().map(|column| column.name().to_string()).collect();
        table
    }

    /// A table from the columns of a Parquet file.
    #[cfg(feature = "tables")]
    pub(super) fn from_parquet(origin: &str, columns: super::parquet::ParquetColumns) -> Self {
        let flat = Self::from_frame_columns(origin, columns.flat);
        let nested = Self::from_cells(origin, columns.nested);
        Self { series: flat.series, names: [flat.names, nested.names].concat(), ..nested }
    }

    /// The table with other names for some of `columns`.
    pub(super) fn with_column_names(self, names: &ColumnNames, columns: &[Column]) -> Result<Self> {
        names.check(&self.origin, columns, &self.names)?;
        Ok(Self { column_names: names.clone(), ..self })
    }

    /// The file, or the kind of table, for error messages.
    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    /// The names of all columns in the file.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Checks that all required columns exist, and that the names given for columns belong to `columns`.
    pub(super) fn check_columns(&self, columns: &[Column]) -> Result<()> {
        self.column_names.check(&self.origin, columns, &self.names)?;
        match self.missing(columns) {
            missing if missing.is_empty() => Ok(()),
            missing => Err(self.missing_error(vec![missing])),
        }
    }

    /// Checks that one of the columns `any` exists, which decides between the `forms` that a file may have.
    pub(super) fn require_any(&self, any: &[&str], forms: &[&[Column]]) -> Result<()> {
        match any.iter().any(|name| self.has(name)) {
            true => Ok(()),
            false => Err(self.missing_error(forms.iter().map(|form| self.missing(form)).collect())),
        }
    }

    /// Whether the file has a column of the table, under whatever name.
    pub fn has(&self, name: &str) -> bool {
        let name = self.name_in_file(name);
        self.names.iter().any(|found| found == name)
    }

    /// Whether the file calls a column of the table by this name.
    pub(super) fn is_named(&self, name: &str, in_file: &str) -> bool {
        self.name_in_file(name) == in_file
    }

    /// Whether a column of the table holds lists or objects.
    pub(super) fn holds_messages(&self, name: &str) -> bool {
        let name = self.name_in_file(name);
        let column = self.cells.columns.iter().find(|(found, _)| found == name);
        column.is_some_and(|(_, cells)| matches!(cells.first(), Some(Cell::Json { .. })))
    }

    /// The file's name for a column of the table: the given one, its own, or the notebook's.
    pub(super) fn name_in_file<'a>(&'a self, name: &'a str) -> &'a str {
        let has = |name: &str| self.names.iter().any(|found| found == name);
        let notebook = || notebook_name(name).filter(|notebook| !has(name) && has(notebook));
        self.column_names.name_in_file(name).or_else(notebook).unwrap_or(name)
    }

    /// Takes a text column.
    pub fn texts(&mut self, name: &str) -> Result<Vec<String>> {
        self.optional_texts(name)?.ok_or_else(|| self.missing_error(vec![vec![name.to_owned()]]))
    }

    /// Takes a text column, if it exists.
    pub fn optional_texts(&mut self, name: &str) -> Result<Option<Vec<String>>> {
        self.take(name, ColumnKind::Text, |column, values, _| {
            let text = |(row, value): (usize, &Value<'_>)| match value {
                Value::Text(text) => Ok((*text).to_owned()),
                Value::Null => Err(column.null_error(row)),
                other => Err(column.cell_error(row, column.kind.expected_cell(), other.type_name())),
            };
            values.iter().enumerate().map(text).collect()
        })
    }

    /// Takes a numeric column.
    pub fn numbers(&mut self, name: &str) -> Result<Vec<f64>> {
        self.optional_numbers(name)?.ok_or_else(|| self.missing_error(vec![vec![name.to_owned()]]))
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

    /// Takes a column of numbers that rows may lack, if it exists and holds nothing else. A column of other values stays an extra column.
    pub fn pair_numbers(&mut self, number: PairNumber) -> Option<Vec<Option<f64>>> {
        let name = self.name_in_file(number.name()).to_owned();
        #[cfg(feature = "tables")]
        if let Some(at) = self.series.iter().position(|column| column.name() == name.as_str()) {
            let context = ColumnContext { origin: &self.origin, column: &name, kind: ColumnKind::PairNumber };
            let values = super::series::values(self.series.get(at)?, &context).ok()?;
            let numbers = all_numbers(values.into_iter())?;
            self.series.remove(at);
            return Some(numbers);
        }
        let at = self.cells.columns.iter().position(|(found, _)| *found == name)?;
        let (_, column) = self.cells.columns.get(at)?;
        let numbers = all_numbers(self.cells.padded_cells(column).map(|cell| value(cell, &self.cells)))?;
        self.cells.columns.remove(at);
        Some(numbers)
    }

    /// Takes a boolean column.
    pub fn booleans(&mut self, name: &str) -> Result<Vec<bool>> {
        self.take(name, ColumnKind::Boolean, |column, values, _| labels::parse_booleans(values, column))?
            .ok_or_else(|| self.missing_error(vec![vec![name.to_owned()]]))
    }

    /// Takes a column of class labels.
    pub fn classes(&mut self, name: &str) -> Result<Vec<i64>> {
        self.take(name, ColumnKind::Class, labels_of)?.ok_or_else(|| self.missing_error(vec![vec![name.to_owned()]]))
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        #[cfg(feature = "tables")]
        if let Some(column) = self.series.first() {
            return column.len();
        }
        self.cells.rows
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

    /// Takes a column of the table, and converts its values.
    pub(super) fn take<T>(
        &mut self,
        name: &str,
        kind: ColumnKind,
        read: impl FnOnce(&ColumnContext<'_>, &[Value<'_>], &[String]) -> Result<T>,
    ) -> Result<Option<T>> {
        let name_in_file = self.name_in_file(name).to_owned();
        let context = ColumnContext { origin: &self.origin, column: &name_in_file, kind };
        #[cfg(feature = "tables")]
        if let Some(at) = self.series.iter().position(|column| column.name() == name_in_file.as_str()) {
            let column = self.series.remove(at);
            return read(&context, &super::series::values(&column, &context)?, &self.classes).map(Some);
        }
        let Some(at) = self.cells.columns.iter().position(|(found, _)| *found == name_in_file) else { return Ok(None) };
        let (_, column) = self.cells.columns.remove(at);
        let values: Vec<Value<'_>> = self.cells.padded_cells(&column).map(|cell| value(cell, &self.cells)).collect();
        read(&context, &values, &self.classes).map(Some)
    }

    /// The required columns that the file lacks.
    fn missing(&self, columns: &[Column]) -> Vec<String> {
        let missing = columns.iter().filter(|column| column.required && !self.has(column.name));
        missing.map(|column| column.name.to_owned()).collect()
    }

    /// The error for a table without a number of its pairs.
    pub(super) fn missing_number(&self, number: PairNumber) -> Error {
        Error::MissingPairNumber { origin: self.origin.clone(), number, found: self.names.clone() }
    }

    /// The error of a column of positions that does not exist.
    pub(super) fn missing_position(&self, name: &str) -> Error {
        Error::MissingPosition { origin: self.origin.clone(), name: name.to_owned(), found: self.names.clone() }
    }

    pub(super) fn missing_error(&self, missing: Vec<Vec<String>>) -> Error {
        Error::MissingColumns { origin: self.origin.clone(), missing, found: self.names.clone() }
    }
}

/// The values as numbers, if they are numbers or null and not all null. Numbers may be stored as text.
fn all_numbers<'a>(values: impl Iterator<Item = Value<'a>>) -> Option<Vec<Option<f64>>> {
    let number = |value| match value {
        Value::Null => Some(None),
        Value::Text(text) => text.trim().parse().ok().map(Some),
        value => value.number().map(Some),
    };
    let numbers: Vec<Option<f64>> = values.map(number).collect::<Option<_>>()?;
    numbers.iter().any(Option::is_some).then_some(numbers)
}

fn labels_of(column: &ColumnContext<'_>, values: &[Value<'_>], names: &[String]) -> Result<Vec<i64>> {
    labels::parse_classes(values, column, names)
}

fn value(cell: Cell, cells: &Cells) -> Value<'_> {
    match cell {
        Cell::Bool(value) => Value::Bool(value),
        Cell::Int(number) => Value::Int(number),
        Cell::Float(number) => Value::Float(number),
        Cell::Null => Value::Null,
        Cell::Text { .. } => cells.text(cell).map_or(Value::Null, Value::Text),
        Cell::Json { .. } => cells.json(cell).map_or(Value::Null, Value::Json),
    }
}
