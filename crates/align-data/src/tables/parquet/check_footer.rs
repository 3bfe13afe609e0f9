//! Checks a Parquet file's footer before polars parses it. The footer is a Thrift structure
//! (<https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift>) and can declare huge lists,
//! deeply nested schemas and any number of row groups.

use super::encodings::{ByteReader, CheckResult};
use super::thrift::{Thrift, kind};

/// Most schema elements: columns and the groups that contain them.
pub(super) const MAX_COLUMNS: usize = 10_000;
/// Deepest nesting of a column.
const MAX_DEPTH: usize = 32;
/// Most row groups, and most column chunks in total. polars keeps half a kilobyte for each.
pub(super) const MAX_ROW_GROUPS: usize = 20_000;
const MAX_COLUMN_CHUNKS: usize = 100_000;
/// Longest key-value metadata entry, plus one kilobyte per column: pandas and Arrow store their schemas there.
const MAX_METADATA_BYTES: usize = 64 << 10;
const METADATA_BYTES_PER_COLUMN: usize = 1 << 10;

/// The footer length and the magic number at the end of the file.
pub(super) const TAIL_BYTES: usize = 8;

/// Checks the footer. If there is none, polars reports the error.
pub(super) fn check_footer(file: &[u8]) -> CheckResult<()> {
    let Some((rest, tail)) = file.len().checked_sub(TAIL_BYTES).and_then(|position| file.split_at_checked(position))
    else {
        return Ok(());
    };
    let length = ByteReader::new(tail).u32_length()?;
    let Some((_, footer)) = rest.len().checked_sub(length).and_then(|position| rest.split_at_checked(position)) else {
        return Ok(());
    };
    Footer { thrift: Thrift { bytes: ByteReader::new(footer) }, columns: 0, chunks: 0 }
        .check()
        .map_err(|problem| format!("its footer: {problem}"))
}

struct Footer<'a> {
    thrift: Thrift<'a>,
    columns: usize,
    chunks: usize,
}

impl Footer<'_> {
    fn check(mut self) -> CheckResult<()> {
        let mut field = 0;
        while let Some(kind) = self.thrift.field(&mut field)? {
            match (field, kind::LISTS.contains(&kind)) {
                (2, true) => self.schema()?,
                (4, true) => self.row_groups()?,
                (5, true) => self.key_value_metadata()?,
                _ => self.thrift.skip(kind)?,
            }
        }
        Ok(())
    }

    /// Checks the schema's nesting. `open` holds the number of remaining children of each open group.
    fn schema(&mut self) -> CheckResult<()> {
        self.columns = self.thrift.list("columns", MAX_COLUMNS)?;
        let mut open: Vec<i64> = Vec::new();
        for element in 0..self.columns {
            let (mut field, mut children) = (0, 0);
            while let Some(kind) = self.thrift.field(&mut field)? {
                match (field, kind::INTEGERS.contains(&kind)) {
                    (5, true) => children = self.thrift.bytes.zigzag()?,
                    _ => self.thrift.skip(kind)?,
                }
            }
            if let Some(left) = open.last_mut() {
                *left -= 1;
            }
            let after = self.columns - element - 1;
            if children < 0 || children > i64::try_from(after).unwrap_or(i64::MAX) {
                return Err(format!("a group of {children} columns, {after} are left"));
            }
            if children > 0 {
                open.push(children);
            }
            if open.len() > MAX_DEPTH {
                return Err(format!("columns nested more than {MAX_DEPTH} deep"));
            }
            while open.pop_if(|left| *left == 0).is_some() {}
        }
        Ok(())
    }

    fn row_groups(&mut self) -> CheckResult<()> {
        for _ in 0..self.thrift.list("row groups", MAX_ROW_GROUPS)? {
            let mut field = 0;
            while let Some(kind) = self.thrift.field(&mut field)? {
                if field != 1 || !kind::LISTS.contains(&kind) {
                    self.thrift.skip(kind)?;
                    continue;
                }
                let columns = self.thrift.list("columns of a row group", MAX_COLUMNS)?;
                self.chunks += columns;
                if self.chunks > MAX_COLUMN_CHUNKS {
                    return Err(format!("its row groups have more than {MAX_COLUMN_CHUNKS} columns in all"));
                }
                for _ in 0..columns {
                    self.thrift.skip(kind::STRUCT)?;
                }
            }
        }
        Ok(())
    }

    /// Checks the key-value metadata.
    fn key_value_metadata(&mut self) -> CheckResult<()> {
        let most = MAX_METADATA_BYTES + METADATA_BYTES_PER_COLUMN * self.columns;
        for _ in 0..self.thrift.list("metadata entries", MAX_COLUMNS)? {
            let mut field = 0;
            while let Some(kind) = self.thrift.field(&mut field)? {
                if kind != kind::BINARY {
                    self.thrift.skip(kind)?;
                    continue;
                }
                let length = self.thrift.binary()?;
                if length > most {
                    return Err(format!("a metadata entry of {length} bytes, expected at most {most}"));
                }
            }
        }
        Ok(())
    }
}
