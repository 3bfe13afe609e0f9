//! Parquet: every page is checked, then polars decodes the file.

mod check_footer;
mod check_pages;
mod encodings;
mod memory_budget;
mod thrift;

use super::column_names::ColumnNames;
use super::columns::Column;
use crate::catch_panic::catch_panic;
use crate::{Error, Result};
use polars::prelude::{ArrowDataType, ArrowSchema, DataFrame, ParquetReader, ParquetWriter, PolarsError, SerReader};
use polars_buffer::Buffer;
use polars_parquet::parquet::metadata::FileMetadata;
use std::io::{Cursor, Write};
use std::path::Path;
use std::sync::Arc;

pub(super) fn read(path: &Path, bytes: Vec<u8>, columns: &[Column], names: &ColumnNames) -> Result<DataFrame> {
    let error = |problem: String| Error::Format { path: path.to_owned(), format: "Parquet", problem };
    let unreadable = |problem: PolarsError| error(problem.to_string());
    let decode = || {
        check_footer::check_footer(&bytes).map_err(error)?;
        let bytes = Buffer::from_vec(bytes);
        let mut reader = ParquetReader::new(Cursor::new(bytes.clone()));
        // The Arrow schema that the writer stored would distinguish dictionary and large strings. Without it all are
        // read as strings.
        let metadata = FileMetadata::clone(reader.get_metadata().map_err(unreadable)?);
        reader.set_metadata(Arc::new(FileMetadata { key_value_metadata: None, ..metadata }));
        let schema = reader.schema().map_err(unreadable)?;
        let flat = flat_columns(path, &schema, columns, names)?;
        let names: Vec<&str> =
            schema.iter_names().enumerate().filter(|(i, _)| flat.contains(i)).map(|(_, name)| name.as_str()).collect();
        check_pages::check_pages(&bytes, reader.get_metadata().map_err(unreadable)?, &names).map_err(error)?;
        reader.with_projection(Some(flat)).finish().map_err(unreadable)
    };
    catch_panic(decode).unwrap_or_else(|_| Err(error("its footer is damaged".to_owned())))
}

pub(super) fn write(path: &Path, file: impl Write, mut frame: DataFrame) -> Result<()> {
    ParquetWriter::new(file).finish(&mut frame).map(|_| ()).map_err(|e| Error::write(path, std::io::Error::other(e)))
}

/// Indices of the columns that a table can hold. Other columns are not decoded.
fn flat_columns(path: &Path, schema: &ArrowSchema, columns: &[Column], own_names: &ColumnNames) -> Result<Vec<usize>> {
    use ArrowDataType as T;
    let mut places = Vec::with_capacity(schema.len());
    for (place, (name, field)) in schema.iter().enumerate() {
        let flat = matches!(
            field.dtype(),
            T::Null | T::Boolean | T::Utf8 | T::LargeUtf8 | T::Utf8View | T::Float32 | T::Float64
        ) || matches!(
            field.dtype(),
            T::Int8 | T::Int16 | T::Int32 | T::Int64 | T::UInt8 | T::UInt16 | T::UInt32 | T::UInt64
        );
        let known = own_names.find_column(columns, name);
        // Old writers store text as plain binary.
        if flat || known.is_some() && matches!(field.dtype(), T::Binary | T::LargeBinary | T::BinaryView) {
            places.push(place);
        } else if let Some(column) = known {
            return Err(Error::ColumnType {
                origin: path.display().to_string(),
                column: name.to_string(),
                expected: column.kind.expected_values(),
                found: format!("type {:?}", field.dtype()),
            });
        } else {
            tracing::warn!(table = %path.display(), column = %name, r#type = ?field.dtype(), "column skipped: its type is not supported");
        }
    }
    Ok(places)
}
