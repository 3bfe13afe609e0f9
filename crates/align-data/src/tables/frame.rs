//! Data frames that a user brings, and those that a table becomes.

use super::columns::Kind;
use super::further::Values;
use super::raw::Raw;
use super::table::{Row, Table};
use super::value::Value;
use crate::{Error, Result};
use polars::prelude::{Column, DataFrame, NamedFrom, Series};

impl<R: Row> Table<R> {
    /// A table out of a polars data frame with its columns, and any others.
    ///
    /// # Errors
    /// When a column is missing or holds what it must not.
    pub fn from_frame(frame: DataFrame) -> Result<Self> {
        Self::from_raw(Raw::of_frame(R::TABLE, frame))
    }

    /// The table as a polars data frame: its own columns, then the further ones.
    ///
    /// # Errors
    /// When polars refuses the columns, as two of one name.
    pub fn frame(&self) -> Result<DataFrame> {
        let own = self.columns();
        let own = own.iter().map(|column| series(column.name, column.kind, self.rows()).into());
        let further = self.further.iter().map(|column| match &column.values {
            Values::Texts(texts) => Series::new(column.name.as_str().into(), texts).into(),
            Values::Bools(bools) => Series::new(column.name.as_str().into(), bools).into(),
            Values::Ints(numbers) => Series::new(column.name.as_str().into(), numbers).into(),
            Values::Floats(numbers) => Series::new(column.name.as_str().into(), numbers).into(),
            Values::Series(column) => column.clone(),
        });
        let columns: Vec<Column> = own.chain(further).collect();
        DataFrame::new(self.len(), columns).map_err(|e| Error::ColumnType {
            origin: R::TABLE.to_owned(),
            column: "all".to_owned(),
            expected: "columns of one length under different names",
            found: e.to_string(),
        })
    }
}

/// A column of rows' values.
fn series<R: Row>(name: &str, kind: Kind, rows: &[R]) -> Series {
    let values = || rows.iter().map(|row| row.value(name));
    match kind {
        Kind::Text => {
            let text = |value| if let Value::Text(text) = value { Some(text) } else { None };
            Series::new(name.into(), values().map(text).collect::<Vec<Option<&str>>>())
        }
        Kind::Number => Series::new(name.into(), values().map(Value::number).collect::<Vec<Option<f64>>>()),
        Kind::Flag => {
            let flag = |value| if let Value::Bool(flag) = value { Some(flag) } else { None };
            Series::new(name.into(), values().map(flag).collect::<Vec<Option<bool>>>())
        }
        Kind::Class => {
            let class = |value| if let Value::Int(class) = value { Some(class) } else { None };
            Series::new(name.into(), values().map(class).collect::<Vec<Option<i64>>>())
        }
    }
}
