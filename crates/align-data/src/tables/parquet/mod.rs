//! Parquet: checked page by page, then decoded by polars.

mod check;
mod encodings;
mod footer;
mod room;
mod thrift;

use super::columns::{Column, known};
use crate::caught::caught;
use crate::{Error, Result};
use polars::prelude::{ArrowDataType, ArrowSchema, DataFrame, ParquetReader, ParquetWriter, PolarsError, SerReader};
use polars_buffer::Buffer;
use polars_parquet::parquet::metadata::FileMetadata;
use std::io::{Cursor, Write};
use std::path::Path;
use std::sync::Arc;

pub(super) fn read(path: &Path, bytes: Vec<u8>, columns: &[Column]) -> Result<DataFrame> {
    let fault = |problem: String| Error::Format { path: path.to_owned(), format: "Parquet", problem };
    let unreadable = |problem: PolarsError| fault(problem.to_string());
    let decode = || {
        footer::check(&bytes).map_err(fault)?;
        let bytes = Buffer::from_vec(bytes);
        let mut reader = ParquetReader::new(Cursor::new(bytes.clone()));
        // The writer's own types, kept beside Parquet's, tell a dictionary's texts and large ones from others: all are texts.
        let metadata = FileMetadata::clone(reader.get_metadata().map_err(unreadable)?);
        reader.set_metadata(Arc::new(FileMetadata { key_value_metadata: None, ..metadata }));
        let schema = reader.schema().map_err(unreadable)?;
        let flat = flat_columns(path, &schema, columns)?;
        let names: Vec<&str> =
            schema.iter_names().enumerate().filter(|(i, _)| flat.contains(i)).map(|(_, name)| name.as_str()).collect();
        check::check(&bytes, reader.get_metadata().map_err(unreadable)?, &names).map_err(fault)?;
        reader.with_projection(Some(flat)).finish().map_err(unreadable)
    };
    caught(decode).unwrap_or_else(|_| Err(fault("its footer is damaged".to_owned())))
}

pub(super) fn write(path: &Path, file: impl Write, mut frame: DataFrame) -> Result<()> {
    ParquetWriter::new(file).finish(&mut frame).map(|_| ()).map_err(|e| Error::write(path, std::io::Error::other(e)))
}

/// The places of the columns that a table can hold; others are not even decoded.
fn flat_columns(path: &Path, schema: &ArrowSchema, columns: &[Column]) -> Result<Vec<usize>> {
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
        let known = known(columns, name);
        // Text without a mark that it is, as old writers have it, or of a fixed set.
        if flat || known.is_some() && matches!(field.dtype(), T::Binary | T::LargeBinary | T::BinaryView) {
            places.push(place);
        } else if let Some(column) = known {
            return Err(Error::ColumnType {
                origin: path.display().to_string(),
                column: name.to_string(),
                expected: column.kind.words(),
                found: format!("type {:?}", field.dtype()),
            });
        } else {
            tracing::warn!(table = %path.display(), column = %name, r#type = ?field.dtype(), "column left out");
        }
    }
    Ok(places)
}
