//! The columns that a table must have, and their check.

use crate::{Error, Result};
use polars_core::prelude::{Column as Series, DataFrame, DataType, IntoColumn, NamedFrom, PlSmallStr};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    /// True or false.
    Flag,
    /// The number of a class: a whole number from 0.
    Class,
}

/// What messages call a class.
pub(super) const CLASS: &str = "a class: a whole number from 0";

/// Far more than any classifier has.
const MOST_CLASSES: f64 = 1e6;

/// A column that a table knows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub name: &'static str,
    pub kind: Kind,
    pub required: bool,
}

impl Kind {
    /// What the column must hold, for messages.
    pub fn words(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "numbers",
            Self::Flag => "true or false",
            Self::Class => CLASS,
        }
    }
}

impl Column {
    pub const fn text(name: &'static str) -> Self {
        Self { name, kind: Kind::Text, required: true }
    }

    pub const fn number(name: &'static str) -> Self {
        Self { name, kind: Kind::Number, required: true }
    }

    pub const fn flag(name: &'static str) -> Self {
        Self { name, kind: Kind::Flag, required: true }
    }

    pub const fn class(name: &'static str) -> Self {
        Self { name, kind: Kind::Class, required: true }
    }

    pub const fn optional(self) -> Self {
        Self { required: false, ..self }
    }
}

/// The names in the notebook's files, and ours.
pub(super) const NOTEBOOK: [(&str, &str); 3] =
    [("Prompt", "prompt"), ("Generated Text", "text"), ("Model Score", "score")];

/// The table's column of a name in a file, if it is one of its own.
pub(super) fn known<'a>(columns: &'a [Column], name: &str) -> Option<&'a Column> {
    let ours = NOTEBOOK.iter().find(|(theirs, _)| *theirs == name).map_or(name, |(_, ours)| *ours);
    columns.iter().find(|column| column.name == ours)
}

/// The frame with its own columns first, under their names, checked; further flat columns follow.
pub(super) fn check(frame: DataFrame, origin: &str, columns: &[Column]) -> Result<DataFrame> {
    let height = frame.height();
    let mut given: Vec<Series> = frame.into_columns();
    // pandas writes its index without a name.
    given.retain(|column| !column.name().is_empty());
    for (theirs, ours) in NOTEBOOK {
        if given.iter().any(|column| column.name() == ours) || !columns.iter().any(|column| column.name == ours) {
            continue;
        }
        if let Some(column) = given.iter_mut().find(|column| column.name() == theirs) {
            column.rename(PlSmallStr::from_static(ours));
        }
    }
    let found: Vec<String> = given.iter().map(|column| column.name().to_string()).collect();
    let mut checked = Vec::with_capacity(given.len());
    for column in columns {
        match given.iter().position(|series| series.name() == column.name) {
            Some(place) => {
                let series = given.remove(place);
                checked.push(match column.kind {
                    Kind::Text => text(series, origin, column.name)?,
                    Kind::Number => number(&series, origin, column.name)?,
                    Kind::Flag => flag(&series, origin, column.name)?,
                    Kind::Class => class(&series, origin, column.name)?,
                });
            }
            None if column.required => {
                return Err(Error::MissingColumn { origin: origin.to_owned(), column: column.name.to_owned(), found });
            }
            None => {}
        }
    }
    let (kept, left_out): (Vec<_>, Vec<_>) = given.into_iter().partition(|column| is_flat(column.dtype()));
    for column in left_out {
        tracing::warn!(table = origin, column = %column.name(), r#type = %column.dtype(), "column left out");
    }
    checked.extend(kept);
    frame_of(height, checked, origin)
}

/// Columns of one length as a frame.
pub(super) fn frame_of(height: usize, columns: Vec<Series>, origin: &str) -> Result<DataFrame> {
    DataFrame::new(height, columns).map_err(|e| Error::ColumnType {
        origin: origin.to_owned(),
        column: "all".to_owned(),
        expected: "columns of one length under different names",
        found: e.to_string(),
    })
}

/// A column without rows.
pub(super) fn empty_column(name: &str, kind: Kind) -> Series {
    use polars_core::series::Series as S;
    match kind {
        Kind::Text => S::new(PlSmallStr::from_str(name), Vec::<&str>::new()).into_column(),
        Kind::Number => number_column(name, &[]),
        Kind::Flag => flag_column(name, &[]),
        Kind::Class => class_column(name, &[]),
    }
}

/// A column of texts.
pub(super) fn text_column<S: AsRef<str>>(name: &'static str, texts: impl IntoIterator<Item = S>) -> Series {
    let texts: Vec<S> = texts.into_iter().collect();
    let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
    polars_core::series::Series::new(PlSmallStr::from_static(name), texts).into_column()
}

/// A column of numbers.
pub(super) fn number_column(name: &str, numbers: &[f64]) -> Series {
    polars_core::series::Series::new(PlSmallStr::from_str(name), numbers).into_column()
}

/// A column of true and false.
pub(super) fn flag_column(name: &str, flags: &[bool]) -> Series {
    polars_core::series::Series::new(PlSmallStr::from_str(name), flags).into_column()
}

/// A column of classes.
pub(super) fn class_column(name: &str, classes: &[i64]) -> Series {
    polars_core::series::Series::new(PlSmallStr::from_str(name), classes).into_column()
}

/// The texts of a checked column; none where the table has no such column.
pub(super) fn texts_of<'a>(frame: &'a DataFrame, name: &str) -> Option<Vec<&'a str>> {
    let column = frame.column(name).ok()?.str().ok()?;
    Some(column.iter().flatten().collect())
}

/// The numbers of a checked column; none where the table has no such column.
pub(super) fn numbers_of(frame: &DataFrame, name: &str) -> Option<Vec<f64>> {
    let column = frame.column(name).ok()?.f64().ok()?;
    Some(column.iter().flatten().collect())
}

/// The values of a checked column of true and false; none where the table has no such column.
pub(super) fn flags_of(frame: &DataFrame, name: &str) -> Option<Vec<bool>> {
    let column = frame.column(name).ok()?.bool().ok()?;
    Some(column.iter().flatten().collect())
}

/// The classes of a checked column; none where the table has no such column.
pub(super) fn classes_of(frame: &DataFrame, name: &str) -> Option<Vec<i64>> {
    let column = frame.column(name).ok()?.i64().ok()?;
    Some(column.iter().flatten().collect())
}

/// Text, numbers and booleans, which all three formats hold.
pub(super) fn is_flat(dtype: &DataType) -> bool {
    matches!(dtype, DataType::String | DataType::Boolean) || dtype.is_primitive_numeric()
}

fn text(column: Series, origin: &str, name: &str) -> Result<Series> {
    let cell = |row: usize| Error::Cell {
        origin: origin.to_owned(),
        row: row + 1,
        column: name.to_owned(),
        expected: "text",
        found: "nothing (null)".to_owned(),
    };
    let Ok(texts) = column.str() else {
        // A column of nothing but nulls has no type.
        return Err(match column.dtype() {
            DataType::Null if !column.is_empty() => cell(0),
            DataType::Null => return Ok(empty_column(name, Kind::Text)),
            _ => wrong_type(&column, origin, name, "text"),
        });
    };
    let null = texts.iter().position(|text| text.is_none());
    null.map_or(Ok(column), |row| Err(cell(row)))
}

fn number(column: &Series, origin: &str, name: &str) -> Result<Series> {
    let cell = |row: usize, found: String| Error::Cell {
        origin: origin.to_owned(),
        row: row + 1,
        column: name.to_owned(),
        expected: "a finite number",
        found,
    };
    let missing = || "nothing (null)".to_owned();
    let mut numbers = Vec::with_capacity(column.len());
    if let Ok(texts) = column.str() {
        for (row, text) in texts.iter().enumerate() {
            let text = text.ok_or_else(|| cell(row, missing()))?;
            let number: f64 = text.trim().parse().map_err(|_| cell(row, format!("{text:?}")))?;
            numbers.push(number);
        }
    } else if column.dtype().is_primitive_numeric() || matches!(column.dtype(), DataType::Null) {
        let cast = column.cast(&DataType::Float64);
        let cast = cast.as_ref().map_err(|_| wrong_type(column, origin, name, "numbers"))?;
        let values = cast.f64().map_err(|_| wrong_type(column, origin, name, "numbers"))?;
        for (row, number) in values.iter().enumerate() {
            numbers.push(number.ok_or_else(|| cell(row, missing()))?);
        }
    } else {
        return Err(wrong_type(column, origin, name, "numbers"));
    }
    match numbers.iter().position(|number| !number.is_finite()) {
        Some(row) => Err(cell(row, numbers.get(row).map_or_else(missing, f64::to_string))),
        None => Ok(number_column(name, &numbers)),
    }
}

/// True and false, also as 1 and 0 and as Python writes them.
fn flag(column: &Series, origin: &str, name: &str) -> Result<Series> {
    let cell = |row: usize, found: String| Error::Cell {
        origin: origin.to_owned(),
        row: row + 1,
        column: name.to_owned(),
        expected: "true or false",
        found,
    };
    let missing = || "nothing (null)".to_owned();
    let mut flags = Vec::with_capacity(column.len());
    if let Ok(texts) = column.str() {
        for (row, text) in texts.iter().enumerate() {
            let text = text.ok_or_else(|| cell(row, missing()))?;
            flags.push(match text.trim() {
                "true" | "True" | "TRUE" | "1" => true,
                "false" | "False" | "FALSE" | "0" => false,
                other => return Err(cell(row, format!("{other:?}"))),
            });
        }
    } else if let Ok(values) = column.bool() {
        for (row, value) in values.iter().enumerate() {
            flags.push(value.ok_or_else(|| cell(row, missing()))?);
        }
    } else {
        let numbers = number(column, origin, name)?;
        for (row, value) in numbers.f64().ok().into_iter().flat_map(|values| values.iter().flatten()).enumerate() {
            flags.push(match value {
                1.0 => true,
                0.0 => false,
                other => return Err(cell(row, other.to_string())),
            });
        }
    }
    Ok(flag_column(name, &flags))
}

/// Classes, also as numbers without a fraction.
fn class(column: &Series, origin: &str, name: &str) -> Result<Series> {
    let numbers = number(column, origin, name)?;
    let mut classes = Vec::with_capacity(numbers.len());
    for (row, value) in numbers.f64().ok().into_iter().flat_map(|values| values.iter().flatten()).enumerate() {
        if !(0.0..=MOST_CLASSES).contains(&value) || value.fract() != 0.0 {
            return Err(Error::Cell {
                origin: origin.to_owned(),
                row: row + 1,
                column: name.to_owned(),
                expected: CLASS,
                found: value.to_string(),
            });
        }
        classes.push(value as i64);
    }
    Ok(class_column(name, &classes))
}

fn wrong_type(column: &Series, origin: &str, name: &str, expected: &'static str) -> Error {
    Error::ColumnType {
        origin: origin.to_owned(),
        column: name.to_owned(),
        expected,
        found: format!("type {}", column.dtype()),
    }
}
