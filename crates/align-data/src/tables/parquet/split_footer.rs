//! Makes footers that list one of a file's row groups, so that a row group can be read as a file of its own.
//!
//! Nothing but the list of row groups, the number of rows and the positions of pages differs from the file's footer. The bytes are edited in place: the
//! structures that polars decodes cannot be written back.

use super::check_footer::{MAX_COLUMNS, MAX_ROW_GROUPS};
use super::encodings::{ByteReader, CheckResult};
use super::thrift::{Thrift, kind};
use std::ops::Range;

/// The magic number at the start of a file, after which the row group follows.
pub(super) const MAGIC: &[u8; 4] = b"PAR1";
/// The header of a list of one structure: its length and the type of its elements.
const LIST_OF_ONE: u8 = 1 << 4 | kind::STRUCT;

/// A file's footer, and where its row groups are in it.
pub(super) struct SplitFooter {
    bytes: Vec<u8>,
    num_rows: Range<usize>,
    /// The header of the list of row groups.
    list: Range<usize>,
    pub groups: Vec<Group>,
}

/// A row group in a footer.
#[derive(Default)]
pub(super) struct Group {
    /// Its description in the footer.
    place: Range<usize>,
    pub rows: i64,
    /// The first byte of its pages in the file.
    pub start: i64,
    /// The byte after its last page.
    pub end: i64,
    /// Where the footer has positions of pages, and these positions.
    positions: Vec<(Range<usize>, i64)>,
}

impl SplitFooter {
    /// Finds the row groups in a footer.
    pub fn new(bytes: Vec<u8>) -> CheckResult<Self> {
        let mut parser = Parser { thrift: Thrift { bytes: ByteReader::new(&bytes) }, length: bytes.len() };
        let (mut field, mut num_rows, mut list, mut groups) = (0, None, None, Vec::new());
        while let Some(kind) = parser.thrift.field(&mut field)? {
            let start = parser.position();
            match (field, kind) {
                (3, kind) if kind::INTEGERS.contains(&kind) => {
                    parser.thrift.skip(kind)?;
                    num_rows = Some(start..parser.position());
                }
                (4, kind) if kind::LISTS.contains(&kind) => {
                    let count = parser.thrift.list("row groups", MAX_ROW_GROUPS)?;
                    list = Some(start..parser.position());
                    groups = (0..count).map(|_| parser.group()).collect::<CheckResult<_>>()?;
                }
                (_, kind) => parser.thrift.skip(kind)?,
            }
        }
        let (Some(num_rows), Some(list)) = (num_rows, list) else {
            return Err("its footer has no rows or row groups".to_owned());
        };
        Ok(Self { bytes, num_rows, list, groups })
    }

    /// The footer of a file that consists of the magic number, the pages of a group, and this footer.
    pub fn of_group(&self, group: &Group) -> Vec<u8> {
        let mut list = vec![LIST_OF_ONE];
        let mut copied = group.place.start;
        for (place, position) in &group.positions {
            list.extend(self.bytes.get(copied..place.start).unwrap_or_default());
            list.extend(zigzag((position - group.start).saturating_add(MAGIC.len() as i64)));
            copied = place.end;
        }
        list.extend(self.bytes.get(copied..group.place.end).unwrap_or_default());
        let list_end = self.groups.last().map_or(self.list.end, |last| last.place.end);
        let mut edits = [(self.num_rows.clone(), zigzag(group.rows)), (self.list.start..list_end, list)];
        edits.sort_by_key(|(place, _)| place.start);
        let (mut footer, mut copied) = (Vec::new(), 0);
        for (place, new) in edits {
            footer.extend(self.bytes.get(copied..place.start).unwrap_or_default());
            footer.extend(new);
            copied = place.end;
        }
        footer.extend(self.bytes.get(copied..).unwrap_or_default());
        footer
    }
}

struct Parser<'a> {
    thrift: Thrift<'a>,
    length: usize,
}

impl Parser<'_> {
    fn position(&self) -> usize {
        self.length - self.thrift.bytes.remaining()
    }

    fn group(&mut self) -> CheckResult<Group> {
        let (start, mut field) = (self.position(), 0);
        let mut group = Group { start: i64::MAX, ..Group::default() };
        while let Some(kind) = self.thrift.field(&mut field)? {
            match (field, kind) {
                (1, kind) if kind::LISTS.contains(&kind) => {
                    let columns = self.thrift.list("columns of a row group", MAX_COLUMNS)?;
                    (0..columns).try_for_each(|_| self.chunk(&mut group))?;
                }
                (3, kind) if kind::INTEGERS.contains(&kind) => group.rows = self.thrift.bytes.zigzag()?,
                (_, kind) => self.thrift.skip(kind)?,
            }
        }
        group.place = start..self.position();
        Ok(group)
    }

    /// A column of a row group.
    fn chunk(&mut self, group: &mut Group) -> CheckResult<()> {
        let mut field = 0;
        while let Some(kind) = self.thrift.field(&mut field)? {
            match (field, kind) {
                (3, kind::STRUCT) => self.chunk_pages(group)?,
                (_, kind) => self.thrift.skip(kind)?,
            }
        }
        Ok(())
    }

    /// The positions of a column's pages: the first data page, an index and a dictionary.
    fn chunk_pages(&mut self, group: &mut Group) -> CheckResult<()> {
        let (mut field, mut size, mut first) = (0, 0, i64::MAX);
        while let Some(kind) = self.thrift.field(&mut field)? {
            let start = self.position();
            match (field, kind::INTEGERS.contains(&kind)) {
                (7, true) => size = self.thrift.bytes.zigzag()?,
                (9..=11, true) => {
                    let position = self.thrift.bytes.zigzag()?;
                    group.positions.push((start..self.position(), position));
                    first = first.min(position);
                }
                _ => self.thrift.skip(kind)?,
            }
        }
        let end = first.checked_add(size).filter(|_| first >= 0 && size >= 0);
        let end = end.ok_or_else(|| format!("a column chunk of {size} bytes at byte {first}"))?;
        (group.start, group.end) = (group.start.min(first), group.end.max(end));
        Ok(())
    }
}

/// A number as Thrift writes it.
fn zigzag(number: i64) -> Vec<u8> {
    let mut rest = ((number << 1) ^ (number >> 63)) as u64;
    let mut bytes = Vec::new();
    while rest >= 0x80 {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
    bytes
}
