//! Reads and writes tables as files.

use super::column_names::ColumnNames;
use super::columns::Column;
use super::format::Format;
#[cfg(feature = "tables")]
use super::parquet;
use super::raw_table::RawTable;
use super::table::{Row, Table};
use super::value::Value;
use super::{compression, csv, jsonl};
use crate::output_file::write_file;
use crate::{Error, Result};
use align_base::files::read_file;
use align_base::printable_path;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Largest table file that is read, in bytes. The whole table is held in memory several times.
const FILE_LIMIT: u64 = 64 << 30;

/// Reads a file's columns without checking them. `columns` gives the types that CSV and JSON Lines do not store, and
/// `names` the columns' names in the file.
pub(super) fn read_raw_table(path: &Path, columns: &[Column], names: &ColumnNames) -> Result<RawTable> {
    let format = Format::of_input(path)?;
    let bytes = read_file(path, FILE_LIMIT).map_err(|e| Error::read(path, e))?;
    let bytes = compression::decompress(path, bytes)?;
    let origin = printable_path(path);
    let raw = match format {
        Format::Csv => RawTable::from_cells(&origin, csv::read(path, &bytes, columns, names)?),
        Format::JsonLines => RawTable::from_cells(&origin, jsonl::read(path, &bytes, columns, names)?),
        #[cfg(feature = "tables")]
        Format::Parquet => RawTable::from_parquet(&origin, parquet::read(path, bytes, columns, names)?),
    };
    raw.with_column_names(names, columns)
}

impl<R: Row> Table<R> {
    /// Reads a CSV, Parquet or JSON Lines file. The notebook's column names are accepted.
    ///
    /// # Errors
    /// When the file cannot be read, a column is missing, or a value is invalid.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        Self::read_renamed(path, &ColumnNames::default())
    }

    /// Reads a file like [`Table::read`], in which columns have other names.
    ///
    /// # Errors
    /// As [`Table::read`], and when a name is not one of the table's or the file's.
    pub fn read_renamed(path: impl AsRef<Path>, names: &ColumnNames) -> Result<Self> {
        let path = path.as_ref();
        Ok(Self { file: Some(path.to_owned()), ..Self::from_raw(read_raw_table(path, R::COLUMNS, names)?)? })
    }

    /// Writes a CSV, Parquet or JSON Lines file.
    ///
    /// # Errors
    /// When the file exists and `overwrite` is false, the extension is unknown, or the file cannot be written.
    pub fn write(&self, path: impl AsRef<Path>, overwrite: bool) -> Result<()> {
        let path = path.as_ref();
        let format = Format::of(path)?;
        write_file(path, overwrite, |file| match format {
            Format::Csv => self.write_lines(file, Format::Csv).map_err(|e| Error::write(path, e)),
            Format::JsonLines => self.write_lines(file, Format::JsonLines).map_err(|e| Error::write(path, e)),
            #[cfg(feature = "tables")]
            Format::Parquet => parquet::write(path, file, self.frame()?),
        })
    }

    fn write_lines(&self, file: impl Write, format: Format) -> std::io::Result<()> {
        let mut file = BufWriter::new(file);
        let columns = self.columns();
        let names = self.names(&columns);
        if matches!(format, Format::Csv) {
            csv::write(&mut file, names.iter().map(|name| Value::Text(name)))?;
        }
        for row in 0..self.len() {
            let values = self.values(row, &columns);
            match format {
                Format::Csv => csv::write(&mut file, values)?,
                _ => jsonl::write(&mut file, &names, values)?,
            }
        }
        file.flush()
    }
}
