//! A look at a Parquet file's footer before polars builds it: a Thrift structure of lists that claim their lengths, a schema that
//! nests, and row groups without end (<https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift>).

use super::encodings::{Bytes, Checked};
use super::thrift::{Thrift, kind};

/// Most columns, with the groups that they nest in.
const COLUMNS: usize = 10_000;
/// Deepest nesting of a column.
const DEPTH: usize = 32;
/// Most row groups, and most columns of all of them together: polars keeps half a kilobyte of each.
const GROUPS: usize = 20_000;
const CHUNKS: usize = 100_000;
/// Longest entry of the file's own notes, apart from a kilobyte for each column. polars reads the schema in one of them.
const NOTE: usize = 64 << 10;
const NOTE_A_COLUMN: usize = 1 << 10;

/// Length and magic number at the end.
const TAIL: usize = 8;

/// Checks the footer; what is no footer at all is left for polars to say.
pub(super) fn check(file: &[u8]) -> Checked<()> {
    let Some((rest, tail)) = file.len().checked_sub(TAIL).and_then(|place| file.split_at_checked(place)) else {
        return Ok(());
    };
    let length = Bytes::new(tail).length()?;
    let Some((_, footer)) = rest.len().checked_sub(length).and_then(|place| rest.split_at_checked(place)) else {
        return Ok(());
    };
    Footer { thrift: Thrift { bytes: Bytes::new(footer) }, columns: 0, chunks: 0 }
        .walk()
        .map_err(|problem| format!("its footer: {problem}"))
}

struct Footer<'a> {
    thrift: Thrift<'a>,
    columns: usize,
    chunks: usize,
}

impl Footer<'_> {
    fn walk(mut self) -> Checked<()> {
        let mut field = 0;
        while let Some(kind) = self.thrift.field(&mut field)? {
            match (field, kind::LISTS.contains(&kind)) {
                (2, true) => self.schema()?,
                (4, true) => self.row_groups()?,
                (5, true) => self.notes()?,
                _ => self.thrift.pass(kind)?,
            }
        }
        Ok(())
    }

    /// The groups that are open while the list is read, with how many children each still has.
    fn schema(&mut self) -> Checked<()> {
        self.columns = self.thrift.list("columns", COLUMNS)?;
        let mut open: Vec<i64> = Vec::new();
        for element in 0..self.columns {
            let (mut field, mut children) = (0, 0);
            while let Some(kind) = self.thrift.field(&mut field)? {
                match (field, kind::INTEGERS.contains(&kind)) {
                    (5, true) => children = self.thrift.bytes.zigzag()?,
                    _ => self.thrift.pass(kind)?,
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
            if open.len() > DEPTH {
                return Err(format!("columns nested more than {DEPTH} deep"));
            }
            while open.pop_if(|left| *left == 0).is_some() {}
        }
        Ok(())
    }

    fn row_groups(&mut self) -> Checked<()> {
        for _ in 0..self.thrift.list("row groups", GROUPS)? {
            let mut field = 0;
            while let Some(kind) = self.thrift.field(&mut field)? {
                if field != 1 || !kind::LISTS.contains(&kind) {
                    self.thrift.pass(kind)?;
                    continue;
                }
                let columns = self.thrift.list("columns of a row group", COLUMNS)?;
                self.chunks += columns;
                if self.chunks > CHUNKS {
                    return Err(format!("its row groups have more than {CHUNKS} columns in all"));
                }
                for _ in 0..columns {
                    self.thrift.pass(kind::STRUCT)?;
                }
            }
        }
        Ok(())
    }

    /// Names with values.
    fn notes(&mut self) -> Checked<()> {
        let most = NOTE + NOTE_A_COLUMN * self.columns;
        for _ in 0..self.thrift.list("notes", COLUMNS)? {
            let mut field = 0;
            while let Some(kind) = self.thrift.field(&mut field)? {
                if kind != kind::BINARY {
                    self.thrift.pass(kind)?;
                    continue;
                }
                let length = self.thrift.binary()?;
                if length > most {
                    return Err(format!("a note of {length} bytes, expected at most {most}"));
                }
            }
        }
        Ok(())
    }
}
