//! Parser for Thrift's compact protocol
//! (<https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>), which encodes a Parquet
//! file's footer and page headers.

use super::encodings::{ByteReader, CheckResult};

/// Deepest nesting of structures that is accepted.
const MAX_DEPTH: usize = 32;

/// Type ids of the compact protocol, for list elements and structure fields.
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

/// Reads a structure sequentially.
pub(super) struct Thrift<'a> {
    pub bytes: ByteReader<'a>,
}

impl Thrift<'_> {
    /// Reads the next field header and returns its type, or `None` at the end of the structure. `field` is the previous
    /// field's id on entry and this field's id on return.
    pub fn field(&mut self, field: &mut i64) -> CheckResult<Option<u8>> {
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

    /// Reads the header of a list of structures and returns its length.
    pub fn list(&mut self, what: &str, most: usize) -> CheckResult<usize> {
        let (kind, length) = self.list_header()?;
        if kind != kind::STRUCT {
            return Err(format!("{what}: expected structures, found elements of kind {kind}"));
        }
        if length > most { Err(format!("{length} {what}, expected at most {most}")) } else { Ok(length) }
    }

    /// Skips a field of this type.
    pub fn skip(&mut self, kind: u8) -> CheckResult<()> {
        self.skip_nested(kind, MAX_DEPTH)
    }

    fn list_header(&mut self) -> CheckResult<(u8, usize)> {
        let header = self.bytes.byte()?;
        let length = match header >> 4 {
            15 => usize::try_from(self.bytes.varint()?).unwrap_or(usize::MAX),
            length => usize::from(length),
        };
        let left = self.bytes.remaining();
        if length > left {
            return Err(format!("a list of {length} elements in {left} bytes"));
        }
        Ok((header & 0x0f, length))
    }

    /// Skips a string or binary value and returns its length.
    pub fn binary(&mut self) -> CheckResult<usize> {
        let length = usize::try_from(self.bytes.varint()?).unwrap_or(usize::MAX);
        self.bytes.take(length).map(<[u8]>::len)
    }

    fn skip_nested(&mut self, kind: u8, depth: usize) -> CheckResult<()> {
        let depth = depth.checked_sub(1).ok_or_else(|| format!("structures nested more than {MAX_DEPTH} deep"))?;
        match kind {
            kind::TRUE | kind::FALSE => Ok(()),
            kind::BYTE => self.bytes.byte().map(|_| ()),
            kind::DOUBLE => self.bytes.take(8).map(|_| ()),
            kind::BINARY => self.binary().map(|_| ()),
            kind::STRUCT => {
                let mut field = 0;
                while let Some(kind) = self.field(&mut field)? {
                    self.skip_nested(kind, depth)?;
                }
                Ok(())
            }
            kind if kind::INTEGERS.contains(&kind) => self.bytes.varint().map(|_| ()),
            kind if kind::LISTS.contains(&kind) => {
                let (kind, length) = self.list_header()?;
                // A boolean takes one byte as a list element, but none as a field.
                let kind = if kind <= kind::FALSE { kind::BYTE } else { kind };
                (0..length).try_for_each(|_| self.skip_nested(kind, depth))
            }
            kind => Err(format!("a field of the unknown kind {kind}")),
        }
    }
}
