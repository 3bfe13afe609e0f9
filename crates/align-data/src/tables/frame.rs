//! Conversion from and to polars data frames.

use super::columns::ColumnKind;
use super::extra_columns::ColumnValues;
use super::raw_table::RawTable;
use super::table::{Row, Table};
use super::value::Value;
use crate::{Error, Result};
use polars::prelude::{Column, DataFrame, NamedFrom, Series};

impl<R: Row> Table<R> {
    /// Creates a table from a polars data frame that has the table's columns and possibly others.
    ///
    /// # Errors
    /// When a column is missing or a value is invalid.
    pub fn from_frame(frame: DataFrame) -> Result<Self> {
        Self::from_raw(RawTable::from_frame_columns(R::TABLE, frame))
    }

    /// Converts the table to a polars data frame: its own columns, then the extra ones.
    ///
    /// # Errors
    /// When polars rejects the columns, for example because two have the same name.
    pub fn frame(&self) -> Result<DataFrame> {
        let own = self.columns();
        let own = own.iter().map(|column| series(column.name, column.kind, self.rows()).into());
        let extra_columns = self.extra_columns.iter().map(|column| match &column.values {
            ColumnValues::Texts(texts) | ColumnValues::Json(texts) => {
                Series::new(column.name.as_str().into(), texts).into()
            }
            ColumnValues::Bools(bools) => Series::new(column.name.as_str().into(), bools).into(),
            ColumnValues::Ints(numbers) => Series::new(column.name.as_str().into(), numbers).into(),
            ColumnValues::Floats(numbers) => Series::new(column.name.as_str().into(), numbers).into(),
            ColumnValues::Series(column) => column.clone(),
        });
        let columns: Vec<Column> = own.chain(extra_columns).collect();
        DataFrame::new(self.len(), columns).map_err(|e| Error::ColumnType {
            origin: R::TABLE.to_owned(),
            column: "all".to_owned(),
            expected: "columns of equal length with different names",
            found: e.to_string(),
        })
    }
}

/// Creates a polars column from the rows' values.
fn series<R: Row>(name: &str, kind: ColumnKind, rows: &[R]) -> Series {
    let values = || rows.iter().map(|row| row.value(name));
    match kind {
        ColumnKind::Text | ColumnKind::Content | ColumnKind::Json | ColumnKind::Any => {
            let text = |value| if let Value::Text(text) = value { Some(text) } else { None };
            Series::new(name.into(), values().map(text).collect::<Vec<Option<&str>>>())
        }
        ColumnKind::Number | ColumnKind::PairNumber => {
            Series::new(name.into(), values().map(Value::number).collect::<Vec<Option<f64>>>())
        }
        ColumnKind::Boolean => {
            let flag = |value| if let Value::Bool(flag) = value { Some(flag) } else { None };
            Series::new(name.into(), values().map(flag).collect::<Vec<Option<bool>>>())
        }
        ColumnKind::Class => {
            let class = |value| if let Value::Int(class) = value { Some(class) } else { None };
            Series::new(name.into(), values().map(class).collect::<Vec<Option<i64>>>())
        }
    }
}
