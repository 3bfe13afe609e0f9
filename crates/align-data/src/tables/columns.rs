//! The columns that a table must have, and their check.

use super::labels::{self, FLAG};
use crate::{Error, Result};
use polars_core::prelude::{Column as Series, DataFrame, DataType, IntoColumn, NamedFrom, PlSmallStr};
use std::borrow::Cow;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    /// True or false.
    Flag,
    /// A class by its number or its name.
    Class,
}

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
            Self::Flag => FLAG,
            Self::Class => "classes",
        }
    }

    /// What one of its cells must be, for messages.
    pub fn cell_in_words(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "a finite number",
            Self::Flag => FLAG,
            Self::Class => "a class",
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

/// The frame with its own columns first, under their names, checked; further flat columns follow. `classes` are the names of
/// classes, where the table has classes and they are known.
pub(super) fn check(frame: DataFrame, origin: &str, columns: &[Column], classes: &[String]) -> Result<DataFrame> {
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
                let cells = Cells { origin, column: column.name, kind: column.kind };
                let series = decoded(series, &cells)?;
                checked.push(match column.kind {
                    Kind::Text => text(series, &cells)?,
                    Kind::Number => number(&series, &cells)?,
                    Kind::Flag => labels::flags(&series, &cells)?,
                    Kind::Class => labels::classes(&series, &cells, classes)?,
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

/// Where the cells of a column are, for messages.
pub(super) struct Cells<'a> {
    pub origin: &'a str,
    pub column: &'a str,
    pub kind: Kind,
}

impl Cells<'_> {
    /// The cell of a row, counted from 0, that cannot be used.
    pub fn refusal(&self, row: usize, expected: impl Into<Cow<'static, str>>, found: String) -> Error {
        Error::Cell {
            origin: self.origin.to_owned(),
            row: row + 1,
            column: self.column.to_owned(),
            expected: expected.into(),
            found,
        }
    }

    /// A cell that is empty.
    pub fn null(&self, row: usize) -> Error {
        self.refusal(row, self.kind.cell_in_words(), "nothing (null)".to_owned())
    }

    /// A column of a type that the table cannot take.
    pub fn wrong_type(&self, column: &Series) -> Error {
        Error::ColumnType {
            origin: self.origin.to_owned(),
            column: self.column.to_owned(),
            expected: self.kind.words(),
            found: format!("type {}", column.dtype()),
        }
    }
}

/// Bytes as text; other columns as they are.
fn decoded(column: Series, cells: &Cells<'_>) -> Result<Series> {
    let Ok(bytes) = column.binary() else { return Ok(column) };
    let utf8 = |(row, bytes): (usize, Option<&[u8]>)| {
        let text = bytes.map(|bytes| std::str::from_utf8(bytes).map(str::to_owned)).transpose();
        text.map_err(|_| cells.refusal(row, "text in UTF-8", "other bytes".to_owned()))
    };
    let texts = bytes.iter().enumerate().map(utf8).collect::<Result<Vec<Option<String>>>>()?;
    Ok(polars_core::series::Series::new(PlSmallStr::from_str(cells.column), texts).into_column())
}

fn text(column: Series, cells: &Cells<'_>) -> Result<Series> {
    // A column of nothing but nulls may have any type.
    if column.null_count() == column.len() {
        return if column.is_empty() { Ok(empty_column(cells.column, Kind::Text)) } else { Err(cells.null(0)) };
    }
    let null = column.str().map_err(|_| cells.wrong_type(&column))?.iter().position(|text| text.is_none());
    null.map_or(Ok(column), |row| Err(cells.null(row)))
}

fn number(column: &Series, cells: &Cells<'_>) -> Result<Series> {
    let expected = Kind::Number.cell_in_words();
    let mut numbers = Vec::with_capacity(column.len());
    if let Ok(texts) = column.str() {
        for (row, text) in texts.iter().enumerate() {
            let text = text.ok_or_else(|| cells.null(row))?;
            numbers.push(text.trim().parse().map_err(|_| cells.refusal(row, expected, format!("{text:?}")))?);
        }
    } else if column.dtype().is_primitive_numeric() || matches!(column.dtype(), DataType::Null) {
        let cast = column.cast(&DataType::Float64).map_err(|_| cells.wrong_type(column))?;
        for (row, number) in cast.f64().map_err(|_| cells.wrong_type(column))?.iter().enumerate() {
            numbers.push(number.ok_or_else(|| cells.null(row))?);
        }
    } else {
        return Err(cells.wrong_type(column));
    }
    match numbers.iter().enumerate().find(|(_, number): &(usize, &f64)| !number.is_finite()) {
        Some((row, number)) => Err(cells.refusal(row, expected, number.to_string())),
        None => Ok(number_column(cells.column, &numbers)),
    }
}
