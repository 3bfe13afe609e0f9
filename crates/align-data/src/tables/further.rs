//! Columns beside a table's own, which are kept and written behind them.

use super::cells::{Cell, Cells};
use super::value::Value;

/// A column that the table does not know.
#[derive(Debug, Clone)]
pub struct Further {
    pub name: String,
    pub values: Values,
}

/// Values of one type, each of which may be missing.
#[derive(Debug, Clone)]
pub enum Values {
    Texts(Vec<Option<String>>),
    Bools(Vec<Option<bool>>),
    Ints(Vec<Option<i64>>),
    Floats(Vec<Option<f64>>),
    /// Out of a data frame, whose type it keeps.
    #[cfg(feature = "tables")]
    Series(polars::prelude::Column),
}

impl Values {
    /// The value of a row, counted from 0.
    pub fn value(&self, row: usize) -> Value<'_> {
        let value = match self {
            Self::Texts(texts) => texts.get(row).and_then(|text| text.as_deref().map(Value::Text)),
            Self::Bools(bools) => bools.get(row).and_then(|value| value.map(Value::Bool)),
            Self::Ints(numbers) => numbers.get(row).and_then(|number| number.map(Value::Int)),
            Self::Floats(numbers) => numbers.get(row).and_then(|number| number.map(Value::Float)),
            #[cfg(feature = "tables")]
            Self::Series(column) => Some(super::series::value(column, row)),
        };
        value.unwrap_or(Value::Null)
    }
}

/// The cells under one name as values of one type; nothing, and a warning, where they have none.
pub(super) fn further(origin: &str, name: String, column: &[Cell], cells: &Cells) -> Option<Further> {
    let cell = || cells.cells_of(column);
    let all = |is: fn(Cell) -> bool| cell().all(|cell| matches!(cell, Cell::Null) || is(cell));
    let values = if all(|cell| matches!(cell, Cell::Text { .. })) {
        Values::Texts(cell().map(|cell| cells.text(cell).map(str::to_owned)).collect())
    } else if all(|cell| cell.int().is_some()) {
        Values::Ints(cell().map(Cell::int).collect())
    } else if all(|cell| cell.number().is_some()) {
        Values::Floats(cell().map(Cell::number).collect())
    } else if all(|cell| cell.bool().is_some()) {
        Values::Bools(cell().map(Cell::bool).collect())
    } else {
        tracing::warn!(table = origin, column = %name, "column left out: lists, objects or mixed types");
        return None;
    };
    Some(Further { name, values })
}

/// A data frame's column; nothing, and a warning, where it holds other than text, numbers or booleans.
#[cfg(feature = "tables")]
pub(super) fn further_series(origin: &str, column: polars::prelude::Column) -> Option<Further> {
    if super::series::is_flat(column.dtype()) {
        return Some(Further { name: column.name().to_string(), values: Values::Series(column) });
    }
    tracing::warn!(table = origin, column = %column.name(), r#type = %column.dtype(), "column left out");
    None
}
