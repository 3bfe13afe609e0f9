//! Parquet: every page is checked, then polars decodes the file.

mod check_footer;
mod check_pages;
mod encodings;
mod levels;
mod memory_budget;
mod nested;
mod row_groups;
mod split_footer;
mod thrift;

pub(super) use row_groups::RowGroups;

use super::cells::Cells;
use super::column_names::ColumnNames;
use super::columns::{Column, ColumnKind};
use crate::catch_panic::catch_panic;
use crate::{Error, Result};
use memory_budget::MemoryBudget;
use polars::prelude::{ArrowDataType, ArrowSchema, DataFrame, ParquetReader, ParquetWriter, PolarsError, SerReader};
use polars_buffer::Buffer;
use polars_parquet::parquet::metadata::FileMetadata;
use std::io::{Cursor, Write};
use std::path::Path;
use std::sync::Arc;

/// The columns of a file: those of texts, numbers and booleans, and those of lists and objects.
pub(super) struct ParquetColumns {
    pub flat: DataFrame,
    pub nested: Cells,
}

pub(super) fn read(path: &Path, bytes: Vec<u8>, columns: &[Column], names: &ColumnNames) -> Result<ParquetColumns> {
    let error = |problem: String| Error::Format { path: path.to_owned(), format: "Parquet", problem };
    let decode = || {
        check_footer::check_footer(&bytes).map_err(error)?;
        decode(path, Buffer::from_vec(bytes), columns, names)
    };
    catch_panic(decode).unwrap_or_else(|_| Err(error("its footer is damaged".to_owned())))
}

fn decode(path: &Path, bytes: Buffer<u8>, columns: &[Column], names: &ColumnNames) -> Result<ParquetColumns> {
    let error = |problem: String| Error::Format { path: path.to_owned(), format: "Parquet", problem };
    let unreadable = |problem: PolarsError| error(problem.to_string());
    let mut reader = ParquetReader::new(Cursor::new(bytes.clone()));
    // The Arrow schema that the writer stored would distinguish dictionary and large strings. Without it all are
    // read as strings.
    let metadata = FileMetadata::clone(reader.get_metadata().map_err(unreadable)?);
    reader.set_metadata(Arc::new(FileMetadata { key_value_metadata: None, ..metadata }));
    let schema = reader.schema().map_err(unreadable)?;
    let places = Places::of(path, &schema, columns, names)?;
    let names_of = |places: &[usize]| -> Vec<&str> {
        let named = schema.iter_names().enumerate().filter(|(place, _)| places.contains(place));
        named.map(|(_, name)| name.as_str()).collect()
    };
    let metadata = reader.get_metadata().map_err(unreadable)?.clone();
    let mut budget = MemoryBudget::new(bytes.len());
    let (flat, nested) = (names_of(&places.flat), names_of(&places.nested));
    check_pages::check_pages(&bytes, &metadata, &flat, &nested, &mut budget).map_err(error)?;
    let mut cells = Cells::with_columns([]);
    cells.rows = metadata.num_rows;
    for (_, field) in schema.iter().filter(|(name, _)| nested.contains(&name.as_str())) {
        let column = nested::read_column(&bytes, &metadata, field, &mut cells, budget.limit());
        let column = column.map_err(|problem| error(format!("column {:?}: {problem}", field.name)))?;
        cells.columns.push((field.name.to_string(), column));
    }
    let flat = match places.flat.is_empty() {
        true => DataFrame::empty(),
        false => reader.with_projection(Some(places.flat)).finish().map_err(unreadable)?,
    };
    Ok(ParquetColumns { flat, nested: cells })
}

pub(super) fn write(path: &Path, file: impl Write, mut frame: DataFrame) -> Result<()> {
    ParquetWriter::new(file).finish(&mut frame).map(|_| ()).map_err(|e| Error::write(path, std::io::Error::other(e)))
}

/// Indices of the columns that a table can hold. Other columns are not decoded.
#[derive(Default)]
struct Places {
    flat: Vec<usize>,
    nested: Vec<usize>,
}

impl Places {
    fn of(path: &Path, schema: &ArrowSchema, columns: &[Column], own_names: &ColumnNames) -> Result<Self> {
        use ArrowDataType as T;
        let mut places = Self::default();
        for (place, (name, field)) in schema.iter().enumerate() {
            let known = own_names.find_column(columns, name);
            let holds_json = known.is_some_and(|own| {
                matches!(own.kind, ColumnKind::Content | ColumnKind::Json | ColumnKind::Any | ColumnKind::PairNumber)
            });
            // Old writers store text as plain binary.
            let is_old_text = known.is_some() && matches!(field.dtype(), T::Binary | T::LargeBinary | T::BinaryView);
            if is_flat(field.dtype()) || is_old_text {
                places.flat.push(place);
            } else if holds_json && nested::is_nested(field.dtype()) {
                places.nested.push(place);
            } else if let Some(column) =
                known.filter(|column| !matches!(column.kind, ColumnKind::Any | ColumnKind::PairNumber))
            {
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
}

fn is_flat(dtype: &ArrowDataType) -> bool {
    use ArrowDataType as T;
    matches!(dtype, T::Null | T::Boolean | T::Utf8 | T::LargeUtf8 | T::Utf8View | T::Float32 | T::Float64)
        || matches!(dtype, T::Int8 | T::Int16 | T::Int32 | T::Int64 | T::UInt8 | T::UInt16 | T::UInt32 | T::UInt64)
}
