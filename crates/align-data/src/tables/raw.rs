//! A file's columns on their way to rows: each that a table knows is taken and checked, the others are kept as they are.

use super::cells::{Cell, Cells};
use super::columns::{Kind, in_the_notebook};
#[cfg(feature = "tables")]
use super::further::further_series;
use super::further::{Further, further};
use super::labels;
use super::place::Place;
use super::value::Value;
use crate::{Error, Result};

/// A table that is not checked yet.
#[derive(Debug)]
pub struct Raw {
    /// The file, or what the table is, for messages.
    origin: String,
    cells: Cells,
    /// A data frame's columns, where the table is one.
    #[cfg(feature = "tables")]
    series: Vec<polars::prelude::Column>,
    /// All columns' names, as they were found.
    names: Vec<String>,
    /// The classes' names, where the table has classes and they are known.
    pub classes: Vec<String>,
}

impl Raw {
    /// Cells of a text format.
    pub(super) fn of_cells(origin: &str, cells: Cells) -> Self {
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

    /// The columns of a data frame.
    #[cfg(feature = "tables")]
    pub(super) fn of_frame(origin: &str, frame: polars::prelude::DataFrame) -> Self {
        let mut series = frame.into_columns();
        // pandas writes its index without a name.
        series.retain(|column| !column.name().is_empty());
        let names = series.iter().map(|column| column.name().to_string()).collect();
        Self { origin: origin.to_owned(), cells: Cells::default(), series, names, classes: Vec::new() }
    }

    /// Whether there is a column of that name.
    pub fn has(&self, name: &str) -> bool {
        self.names.iter().any(|found| found == name)
    }

    /// The texts of a column.
    pub fn texts(&mut self, name: &str) -> Result<Vec<String>> {
        self.texts_if_any(name)?.ok_or_else(|| self.missing(name))
    }

    /// The texts of a column, if there is one.
    pub fn texts_if_any(&mut self, name: &str) -> Result<Option<Vec<String>>> {
        self.take(name, Kind::Text, |place, values, _| {
            let text = |(row, value): (usize, &Value<'_>)| match value {
                Value::Text(text) => Ok((*text).to_owned()),
                Value::Null => Err(place.null(row)),
                other => Err(place.refusal(row, place.kind.cell_in_words(), format!("{other:?}"))),
            };
            values.iter().enumerate().map(text).collect()
        })
    }

    /// The numbers of a column.
    pub fn numbers(&mut self, name: &str) -> Result<Vec<f64>> {
        self.numbers_if_any(name)?.ok_or_else(|| self.missing(name))
    }

    /// The numbers of a column, if there is one; they may be written as texts, but for JSON, whose reader refuses that.
    pub fn numbers_if_any(&mut self, name: &str) -> Result<Option<Vec<f64>>> {
        self.take(name, Kind::Number, |place, values, _| {
            let expected = place.kind.cell_in_words();
            let number = |(row, value): (usize, &Value<'_>)| {
                let number = match value {
                    Value::Null => return Err(place.null(row)),
                    Value::Text(text) => text.trim().parse().ok(),
                    value => value.number(),
                };
                let found = || value.in_words().map_or_else(String::new, |text| format!("{text:?}"));
                let number = number.ok_or_else(|| place.refusal(row, expected, found()))?;
                if number.is_finite() { Ok(number) } else { Err(place.refusal(row, expected, number.to_string())) }
            };
            values.iter().enumerate().map(number).collect()
        })
    }

    /// A column of true and false.
    pub fn flags(&mut self, name: &str) -> Result<Vec<bool>> {
        self.take(name, Kind::Flag, |place, values, _| labels::flags(values, place))?.ok_or_else(|| self.missing(name))
    }

    /// A column of classes.
    pub fn classes(&mut self, name: &str) -> Result<Vec<i64>> {
        self.take(name, Kind::Class, labels_of)?.ok_or_else(|| self.missing(name))
    }

    /// The columns that nobody took; those that hold other than text, numbers or booleans are left out.
    pub fn further(self) -> Vec<Further> {
        let Self {
            origin,
            mut cells,
            #[cfg(feature = "tables")]
            series,
            ..
        } = self;
        let columns = std::mem::take(&mut cells.columns);
        // pandas writes its index without a name.
        let named = columns.into_iter().filter(|(name, _)| !name.is_empty());
        let kept = named.filter_map(|(name, column)| further(&origin, name, &column, &cells));
        #[cfg(feature = "tables")]
        let kept = kept.chain(series.into_iter().filter_map(|column| further_series(&origin, column)));
        kept.collect()
    }

    /// Takes a column under our name or the notebook's, and reads its values.
    fn take<T>(
        &mut self,
        name: &str,
        kind: Kind,
        read: impl FnOnce(&Place<'_>, &[Value<'_>], &[String]) -> Result<T>,
    ) -> Result<Option<T>> {
        let theirs = in_the_notebook(name).filter(|_| !self.has(name));
        let name_in_file = theirs.unwrap_or(name);
        let place = Place { origin: &self.origin, column: name, kind };
        #[cfg(feature = "tables")]
        if let Some(at) = self.series.iter().position(|column| column.name() == name_in_file) {
            let column = self.series.remove(at);
            return read(&place, &super::series::values(&column, &place)?, &self.classes).map(Some);
        }
        let Some(at) = self.cells.columns.iter().position(|(found, _)| found == name_in_file) else { return Ok(None) };
        let (_, column) = self.cells.columns.remove(at);
        let values: Vec<Value<'_>> = self.cells.cells_of(&column).map(|cell| value(cell, &self.cells)).collect();
        read(&place, &values, &self.classes).map(Some)
    }

    fn missing(&self, name: &str) -> Error {
        Error::MissingColumn { origin: self.origin.clone(), column: name.to_owned(), found: self.names.clone() }
    }
}

fn labels_of(place: &Place<'_>, values: &[Value<'_>], names: &[String]) -> Result<Vec<i64>> {
    labels::classes(values, place, names)
}

fn value(cell: Cell, cells: &Cells) -> Value<'_> {
    match cell {
        Cell::Bool(value) => Value::Bool(value),
        Cell::Int(number) => Value::Int(number),
        Cell::Float(number) => Value::Float(number),
        // A reader refuses lists and objects in a known column.
        Cell::Null | Cell::List | Cell::Object => Value::Null,
        Cell::Text { .. } => cells.text(cell).map_or(Value::Null, Value::Text),
    }
}
