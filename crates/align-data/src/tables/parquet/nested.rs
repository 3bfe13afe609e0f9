//! Columns of lists and objects: polars decodes their values, which are written as JSON text.

use super::super::cells::{Cell, Cells};
use super::super::limits::{ROW_LIMIT, row_too_long};
use super::encodings::CheckResult;
use polars_arrow::array::{
    Array, BinaryViewArray, BooleanArray, FixedSizeListArray, ListArray, PrimitiveArray, StructArray, Utf8ViewArray,
};
use polars_arrow::datatypes::{ArrowDataType, Field};
use polars_arrow::types::NativeType;
use polars_buffer::Buffer;
use polars_parquet::parquet::metadata::FileMetadata;
use polars_parquet::read::{BasicDecompressor, column_iter_to_arrays, get_page_iterator};
use std::fmt::{Display, Write};
use std::io::Cursor;

/// Whether a column can be written as JSON: lists and objects of texts, numbers and booleans.
pub(super) fn is_nested(dtype: &ArrowDataType) -> bool {
    use ArrowDataType as T;
    match dtype {
        T::List(item) | T::LargeList(item) | T::FixedSizeList(item, _) => is_value(item.dtype()),
        T::Struct(fields) => fields.iter().all(|field| is_value(field.dtype())),
        _ => false,
    }
}

fn is_value(dtype: &ArrowDataType) -> bool {
    use ArrowDataType as T;
    is_nested(dtype)
        || matches!(dtype, T::Null | T::Boolean | T::Utf8View | T::BinaryView | T::Float32 | T::Float64)
        || matches!(dtype, T::Int8 | T::Int16 | T::Int32 | T::Int64 | T::UInt8 | T::UInt16 | T::UInt32 | T::UInt64)
}

/// Appends the cells of a column. Their text may grow to `limit` bytes.
pub(super) fn read_column(
    bytes: &Buffer<u8>,
    metadata: &FileMetadata,
    field: &Field,
    cells: &mut Cells,
    limit: usize,
) -> CheckResult<Vec<Cell>> {
    let mut column = Vec::new();
    for group in &metadata.row_groups {
        let chunks = group.columns_under_root_iter(&field.name).ok_or("it is missing")?;
        let (mut columns, mut types) = (Vec::new(), Vec::new());
        for chunk in chunks {
            let pages = get_page_iterator(chunk, Cursor::new(bytes.clone()), Vec::new(), limit).map_err(message)?;
            columns.push(BasicDecompressor::new(pages, Vec::new()));
            types.push(&chunk.descriptor().descriptor.primitive_type);
        }
        let (arrays, _) = column_iter_to_arrays(columns, types, field.clone(), None).map_err(message)?;
        let rows: usize = arrays.iter().map(|array| array.len()).sum();
        if rows != group.num_rows() {
            return Err(format!("expected {} rows, found {rows}", group.num_rows()));
        }
        for array in arrays {
            for row in 0..array.len() {
                column.push(cell(array.as_ref(), row, cells).map_err(|problem| at_row(column.len(), &problem))?);
                if cells.buffer().len() > limit {
                    return Err(format!("its lists and objects take more than {limit} bytes as text"));
                }
            }
        }
    }
    Ok(column)
}

fn at_row(row: usize, problem: &str) -> String {
    format!("row {}: {problem}", row + 1)
}

fn cell(array: &dyn Array, row: usize, cells: &mut Cells) -> CheckResult<Cell> {
    if array.is_null(row) {
        return Ok(Cell::Null);
    }
    let start = cells.buffer().len();
    write_value(array, row, cells.buffer(), start)?;
    Ok(cells.json_since(start))
}

/// Appends the JSON text of a value. The row's text begins at `start`.
fn write_value(array: &dyn Array, row: usize, text: &mut String, start: usize) -> CheckResult<()> {
    use ArrowDataType as T;
    if text.len() - start > ROW_LIMIT {
        return Err(row_too_long(text.len() - start));
    }
    if array.is_null(row) {
        text.push_str("null");
        return Ok(());
    }
    match array.dtype() {
        T::LargeList(_) => write_list(downcast::<ListArray<i64>>(array)?.value(row).as_ref(), text, start),
        T::List(_) => write_list(downcast::<ListArray<i32>>(array)?.value(row).as_ref(), text, start),
        T::FixedSizeList(..) => write_list(downcast::<FixedSizeListArray>(array)?.value(row).as_ref(), text, start),
        T::Struct(_) => write_object(downcast::<StructArray>(array)?, row, text, start),
        T::Utf8View => write_json(downcast::<Utf8ViewArray>(array)?.value(row), text),
        T::BinaryView => {
            let bytes = downcast::<BinaryViewArray>(array)?.value(row);
            write_json(std::str::from_utf8(bytes).map_err(|_| "expected text in UTF-8, found other bytes")?, text)
        }
        T::Boolean => write_json(downcast::<BooleanArray>(array)?.value(row), text),
        T::Float32 => write_json(downcast::<PrimitiveArray<f32>>(array)?.value(row), text),
        T::Float64 => write_json(downcast::<PrimitiveArray<f64>>(array)?.value(row), text),
        T::Int8 => write_number::<i8>(array, row, text),
        T::Int16 => write_number::<i16>(array, row, text),
        T::Int32 => write_number::<i32>(array, row, text),
        T::Int64 => write_number::<i64>(array, row, text),
        T::UInt8 => write_number::<u8>(array, row, text),
        T::UInt16 => write_number::<u16>(array, row, text),
        T::UInt32 => write_number::<u32>(array, row, text),
        T::UInt64 => write_number::<u64>(array, row, text),
        other => Err(format!("values of type {other:?} are not supported")),
    }
}

fn write_list(items: &dyn Array, text: &mut String, start: usize) -> CheckResult<()> {
    text.push('[');
    for item in 0..items.len() {
        if item > 0 {
            text.push(',');
        }
        write_value(items, item, text, start)?;
    }
    text.push(']');
    Ok(())
}

fn write_object(object: &StructArray, row: usize, text: &mut String, start: usize) -> CheckResult<()> {
    text.push('{');
    for (index, (field, values)) in object.fields().iter().zip(object.values()).enumerate() {
        if index > 0 {
            text.push(',');
        }
        write_json(field.name.as_str(), text)?;
        text.push(':');
        write_value(values.as_ref(), row, text, start)?;
    }
    text.push('}');
    Ok(())
}

fn write_number<T: NativeType + Display>(array: &dyn Array, row: usize, text: &mut String) -> CheckResult<()> {
    write!(text, "{}", downcast::<PrimitiveArray<T>>(array)?.value(row)).map_err(message)
}

fn write_json(value: impl serde::Serialize, text: &mut String) -> CheckResult<()> {
    text.push_str(&serde_json::to_string(&value).map_err(message)?);
    Ok(())
}

fn downcast<T: 'static>(array: &dyn Array) -> CheckResult<&T> {
    array.as_any().downcast_ref().ok_or_else(|| format!("unexpected values of type {:?}", array.dtype()))
}

fn message(problem: impl Display) -> String {
    problem.to_string()
}
