//! Thrift's compact protocol (<https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>), in which a
//! Parquet file's footer and its pages' headers are written.

use super::encodings::{Bytes, Checked};

/// Deepest nesting of structures.
const DEPTH: usize = 32;

/// A list's elements or a structure's field, by the numbers of Thrift's compact protocol.
pub(super) mod kind {
    pub const TRUE: u8 = 1;
    pub const FALSE: u8 = 2;
    pub const BYTE: u8 = 3;
    pub const INTEGERS: std::ops::RangeInclusive<u8> = 4..=6;
    pub const DOUBLE: u8 = 7;
    pub const BINARY: u8 = 8;
    pub const LISTS: std::ops::RangeInclusive<u8> = 9..=10;
    pub const STRUCT: u8 = 12;
}

/// Reads a structure from front to back.
pub(super) struct Thrift<'a> {
    pub bytes: Bytes<'a>,
}

impl Thrift<'_> {
    /// The kind of the next field, `None` at the structure's end; `field` is the number of the one before and becomes its.
    pub fn field(&mut self, field: &mut i64) -> Checked<Option<u8>> {
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
    pub fn list(&mut self, what: &str, most: usize) -> Checked<usize> {
        let (kind, length) = self.list_header()?;
        if kind != kind::STRUCT {
            return Err(format!("{what}: expected structures, found elements of kind {kind}"));
        }
        if length > most { Err(format!("{length} {what}, expected at most {most}")) } else { Ok(length) }
    }

    /// Passes over a field of that kind.
    pub fn pass(&mut self, kind: u8) -> Checked<()> {
        self.skip(kind, DEPTH)
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

    /// The length of a text or of bytes, which are passed over.
    pub fn binary(&mut self) -> Checked<usize> {
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
