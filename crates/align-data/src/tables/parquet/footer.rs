//! A look at a Parquet file's footer before polars builds it: a Thrift structure of lists that claim their lengths, a schema that
//! nests, and row groups without end (<https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift>).

use super::encodings::{Bytes, Checked};

/// Most columns, with the groups that they nest in.
const COLUMNS: usize = 10_000;
/// Deepest nesting of a column, and of the footer's own structures.
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
    Footer { bytes: Bytes::new(footer), columns: 0, chunks: 0 }
        .walk()
        .map_err(|problem| format!("its footer: {problem}"))
}

/// A list's elements or a structure's field, by the numbers of Thrift's compact protocol.
mod kind {
    pub const TRUE: u8 = 1;
    pub const FALSE: u8 = 2;
    pub const BYTE: u8 = 3;
    pub const INTEGERS: std::ops::RangeInclusive<u8> = 4..=6;
    pub const DOUBLE: u8 = 7;
    pub const BINARY: u8 = 8;
    pub const LISTS: std::ops::RangeInclusive<u8> = 9..=10;
    pub const STRUCT: u8 = 12;
}

struct Footer<'a> {
    bytes: Bytes<'a>,
    columns: usize,
    chunks: usize,
}

impl Footer<'_> {
    fn walk(mut self) -> Checked<()> {
        let mut field = 0;
        while let Some(kind) = self.field(&mut field)? {
            match (field, kind::LISTS.contains(&kind)) {
                (2, true) => self.schema()?,
                (4, true) => self.row_groups()?,
                (5, true) => self.notes()?,
                _ => self.skip(kind, DEPTH)?,
            }
        }
        Ok(())
    }

    /// The groups that are open while the list is read, with how many children each still has.
    fn schema(&mut self) -> Checked<()> {
        self.columns = self.list("columns", COLUMNS)?;
        let mut open: Vec<i64> = Vec::new();
        for element in 0..self.columns {
            let (mut field, mut children) = (0, 0);
            while let Some(kind) = self.field(&mut field)? {
                match (field, kind::INTEGERS.contains(&kind)) {
                    (5, true) => children = self.bytes.zigzag()?,
                    _ => self.skip(kind, DEPTH)?,
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
        for _ in 0..self.list("row groups", GROUPS)? {
            let mut field = 0;
            while let Some(kind) = self.field(&mut field)? {
                if field != 1 || !kind::LISTS.contains(&kind) {
                    self.skip(kind, DEPTH)?;
                    continue;
                }
                let columns = self.list("columns of a row group", COLUMNS)?;
                self.chunks += columns;
                if self.chunks > CHUNKS {
                    return Err(format!("its row groups have more than {CHUNKS} columns in all"));
                }
                for _ in 0..columns {
                    self.skip(kind::STRUCT, DEPTH)?;
                }
            }
        }
        Ok(())
    }

    /// Names with values.
    fn notes(&mut self) -> Checked<()> {
        let most = NOTE + NOTE_A_COLUMN * self.columns;
        for _ in 0..self.list("notes", COLUMNS)? {
            let mut field = 0;
            while let Some(kind) = self.field(&mut field)? {
                if kind != kind::BINARY {
                    self.skip(kind, DEPTH)?;
                    continue;
                }
                let length = self.binary()?;
                if length > most {
                    return Err(format!("a note of {length} bytes, expected at most {most}"));
                }
            }
        }
        Ok(())
    }

    /// The kind of the next field, `None` at the structure's end; `field` is the number of the one before and becomes its.
    fn field(&mut self, field: &mut i64) -> Checked<Option<u8>> {
        let header = self.bytes.byte()?;
        if header == 0 {
            return Ok(None);
        }
        *field = match header >> 4 {
            0 => self.bytes.zigzag()?,
            step => field.wrapping_add(i64::from(step)),
        };
        Ok(Some(header & 0x0f))
    }

    /// The length of a list of structures, of which each takes a byte at least.
    fn list(&mut self, what: &str, most: usize) -> Checked<usize> {
        let (kind, length) = self.list_header()?;
        if kind != kind::STRUCT {
            return Err(format!("{what}: expected structures, found elements of kind {kind}"));
        }
        if length > most { Err(format!("{length} {what}, expected at most {most}")) } else { Ok(length) }
    }

    fn list_header(&mut self) -> Checked<(u8, usize)> {
        let header = self.bytes.byte()?;
        let length = match header >> 4 {
            15 => usize::try_from(self.bytes.varint()?).unwrap_or(usize::MAX),
            length => usize::from(length),
        };
        let left = self.bytes.left();
        if length > left {
            return Err(format!("a list of {length} elements in {left} bytes"));
        }
        Ok((header & 0x0f, length))
    }

    fn binary(&mut self) -> Checked<usize> {
        let length = usize::try_from(self.bytes.varint()?).unwrap_or(usize::MAX);
        self.bytes.take(length).map(<[u8]>::len)
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Checked<()> {
        let depth = depth.checked_sub(1).ok_or_else(|| format!("structures nested more than {DEPTH} deep"))?;
        match kind {
            kind::TRUE | kind::FALSE => Ok(()),
            kind::BYTE => self.bytes.byte().map(|_| ()),
            kind::DOUBLE => self.bytes.take(8).map(|_| ()),
            kind::BINARY => self.binary().map(|_| ()),
            kind::STRUCT => {
                let mut field = 0;
                while let Some(kind) = self.field(&mut field)? {
                    self.skip(kind, depth)?;
                }
                Ok(())
            }
            kind if kind::INTEGERS.contains(&kind) => self.bytes.varint().map(|_| ()),
            kind if kind::LISTS.contains(&kind) => {
                let (kind, length) = self.list_header()?;
                // As elements, unlike as fields, booleans take a byte.
                let kind = if kind <= kind::FALSE { kind::BYTE } else { kind };
                (0..length).try_for_each(|_| self.skip(kind, depth))
            }
            kind => Err(format!("a field of the unknown kind {kind}")),
        }
    }
}
