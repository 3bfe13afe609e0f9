//! Extra columns: columns of a file that the table does not define. They are kept and written after the table's own.

use super::cells::{Cell, Cells};
use super::value::Value;

/// A column that the table does not define.
#[derive(Debug, Clone)]
pub struct ExtraColumn {
    pub name: String,
    pub values: ColumnValues,
}

/// The values of a column. All have one type, and each may be null.
#[derive(Debug, Clone)]
pub enum ColumnValues {
    Texts(Vec<Option<String>>),
    Bools(Vec<Option<bool>>),
    Ints(Vec<Option<i64>>),
    Floats(Vec<Option<f64>>),
    /// Lists and objects as JSON text.
    Json(Vec<Option<String>>),
    /// A column of a data frame, with its type.
    #[cfg(feature = "tables")]
    Series(polars::prelude::Column),
}

impl ColumnValues {
    /// The value of a row, counted from 0.
    pub fn value(&self, row: usize) -> Value<'_> {
        let value = match self {
            Self::Texts(texts) => texts.get(row).and_then(|text| text.as_deref().map(Value::Text)),
            Self::Bools(bools) => bools.get(row).and_then(|value| value.map(Value::Bool)),
            Self::Ints(numbers) => numbers.get(row).and_then(|number| number.map(Value::Int)),
            Self::Floats(numbers) => numbers.get(row).and_then(|number| number.map(Value::Float)),
            Self::Json(texts) => texts.get(row).and_then(|text| text.as_deref().map(Value::Json)),
            #[cfg(feature = "tables")]
            Self::Series(column) => Some(super::series::value(column, row)),
        };
        value.unwrap_or(Value::Null)
    }
}

/// Converts cells to a column of one type. A column of mixed types is skipped with a warning.
pub(super) fn extra_column(origin: &str, name: String, column: &[Cell], cells: &Cells) -> Option<ExtraColumn> {
    let cell = || cells.padded_cells(column);
    let all = |is: fn(Cell) -> bool| cell().all(|cell| matches!(cell, Cell::Null) || is(cell));
    let values = if all(|cell| matches!(cell, Cell::Text { .. })) {
        ColumnValues::Texts(cell().map(|cell| cells.text(cell).map(str::to_owned)).collect())
    } else if all(|cell| cell.int().is_some()) {
        ColumnValues::Ints(cell().map(Cell::int).collect())
    } else if all(|cell| cell.number().is_some()) {
        ColumnValues::Floats(cell().map(Cell::number).collect())
    } else if all(|cell| cell.bool().is_some()) {
        ColumnValues::Bools(cell().map(Cell::bool).collect())
    } else if all(|cell| matches!(cell, Cell::Json { .. })) {
        ColumnValues::Json(cell().map(|cell| cells.json(cell).map(str::to_owned)).collect())
    } else {
        tracing::warn!(table = origin, column = %name, "column skipped: it holds values of mixed types");
        return None;
    };
    Some(ExtraColumn { name, values })
}

/// Converts a data frame's column. A column that holds neither text, numbers nor booleans is skipped with a warning.
#[cfg(feature = "tables")]
pub(super) fn extra_series(origin: &str, column: polars::prelude::Column) -> Option<ExtraColumn> {
    if super::series::is_flat(column.dtype()) {
        return Some(ExtraColumn { name: column.name().to_string(), values: ColumnValues::Series(column) });
    }
    tracing::warn!(table = origin, column = %column.name(), r#type = %column.dtype(), "column skipped: its type is not supported");
    None
}
