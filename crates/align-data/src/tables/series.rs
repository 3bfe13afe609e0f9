//! The values of a polars column.

use super::column_context::ColumnContext;
use super::columns::ColumnKind;
use super::value::Value;
use crate::Result;
use polars::prelude::{AnyValue, Column, DataType};

/// Whether all three file formats can hold the type: text, numbers and booleans.
pub(super) fn is_flat(dtype: &DataType) -> bool {
    matches!(dtype, DataType::String | DataType::Boolean) || dtype.is_primitive_numeric()
}

/// The value of a row, counted from 0.
pub(super) fn value(column: &Column, row: usize) -> Value<'_> {
    // polars keeps a column with one value in another form, whose texts cannot be borrowed.
    match column.as_materialized_series().get(row) {
        Ok(AnyValue::Boolean(value)) => Value::Bool(value),
        Ok(AnyValue::Float32(number)) => Value::Float32(number),
        Ok(AnyValue::Float64(number)) => Value::Float(number),
        Ok(AnyValue::UInt64(number)) => Value::Unsigned(number),
        Ok(AnyValue::String(text)) => Value::Text(text),
        Ok(other) => other.extract::<i64>().map_or(Value::Null, Value::Int),
        Err(_) => Value::Null,
    }
}

/// Reads the values of one of the table's own columns, one per row. Binary values are read as UTF-8 text.
pub(super) fn values<'a>(column: &'a Column, context: &ColumnContext<'_>) -> Result<Vec<Value<'a>>> {
    let dtype = column.dtype();
    // A column that holds only nulls may have any type.
    if column.null_count() == column.len() {
        return Ok(vec![Value::Null; column.len()]);
    }
    if let Ok(texts) = column.str() {
        return Ok(texts.iter().map(|text| text.map_or(Value::Null, Value::Text)).collect());
    }
    if let Ok(bytes) = column.binary() {
        let text = |(row, bytes): (usize, Option<&'a [u8]>)| match bytes.map(std::str::from_utf8).transpose() {
            Ok(text) => Ok(text.map_or(Value::Null, Value::Text)),
            Err(_) => Err(context.cell_error(row, "text in UTF-8", "other bytes")),
        };
        return bytes.iter().enumerate().map(text).collect();
    }
    let fits = match context.kind {
        ColumnKind::Text | ColumnKind::Content | ColumnKind::Json => false,
        ColumnKind::Any => is_flat(dtype),
        ColumnKind::Number | ColumnKind::PairNumber => dtype.is_primitive_numeric(),
        ColumnKind::Boolean | ColumnKind::Class => dtype.is_primitive_numeric() || dtype.is_bool(),
    };
    if !fits {
        return Err(context.type_error(dtype));
    }
    Ok((0..column.len()).map(|row| value(column, row)).collect())
}
