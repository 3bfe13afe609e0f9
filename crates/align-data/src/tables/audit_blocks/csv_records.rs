//! The records of a CSV file, in blocks.

use super::super::compression::decompressed;
use super::super::limits::{ROW_LIMIT, row_too_long};
use super::text_block::TextBlock;
use crate::{Error, Result};
use align_base::files::open_file;
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// A block ends with the record that reaches this many bytes.
const BLOCK_BYTES: usize = 4 << 20;

/// Where in a record a byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    FieldStart,
    Unquoted,
    Quoted,
    /// After a quote in a quoted field, which ends the field or is the first of two.
    AfterQuote,
}

/// Splits a file into blocks of whole records.
pub(super) struct CsvRecords {
    path: PathBuf,
    reader: BufReader<Box<dyn Read + Send>>,
    header: Option<Vec<u8>>,
    /// Lines before the next block.
    line: usize,
    read: u64,
}

impl CsvRecords {
    pub fn open(path: &Path) -> Result<Self> {
        let file = open_file(path).map_err(|problem| Error::read(path, problem))?;
        let reader = BufReader::new(decompressed(path, file)?);
        Ok(Self { path: path.to_owned(), reader, header: None, line: 0, read: 0 })
    }

    /// Bytes of text that were read so far.
    pub fn bytes_read(&self) -> u64 {
        self.read
    }

    /// The next records. `None` at the end of the file.
    pub fn next_block(&mut self) -> Result<Option<TextBlock>> {
        if self.header.is_none() {
            let mut header = Vec::new();
            while header.trim_ascii().is_empty() && self.read_record(&mut header)? {}
            self.line = header.iter().filter(|byte| **byte == b'\n').count();
            self.header = Some(header);
        }
        let header = self.header.clone().unwrap_or_default();
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        while bytes.len() < BLOCK_BYTES && self.read_record(&mut bytes)? {
            ends.push(bytes.len());
        }
        let own_lines = bytes.iter().filter(|byte| **byte == b'\n').count();
        let header_lines = header.iter().filter(|byte| **byte == b'\n').count();
        // The reader counts the lines of the header, too.
        let block = (!bytes.is_empty())
            .then(|| TextBlock::of_records(bytes, header, ends, self.line.saturating_sub(header_lines)));
        self.line += own_lines;
        Ok(block)
    }

    /// Appends the next record with its line break. False at the end of the file.
    fn read_record(&mut self, bytes: &mut Vec<u8>) -> Result<bool> {
        let (start, mut place) = (bytes.len(), Place::FieldStart);
        loop {
            let line = bytes.len();
            let read = self.reader.by_ref().take(ROW_LIMIT as u64 + 2).read_until(b'\n', bytes);
            let read = read.map_err(|problem| Error::read(&self.path, problem))?;
            self.read += read as u64;
            if read == 0 {
                return Ok(bytes.len() > start);
            }
            let length = bytes.len() - start;
            if length > ROW_LIMIT + 1 {
                let problem = row_too_long(length).replacen("it has", "it has at least", 1);
                return Err(Error::Line { path: self.path.clone(), line: self.line + 1, problem });
            }
            place = bytes.get(line..).unwrap_or_default().iter().fold(place, |place, byte| next(place, *byte));
            if place != Place::Quoted {
                return Ok(true);
            }
        }
    }
}

fn next(place: Place, byte: u8) -> Place {
    match (place, byte) {
        (Place::FieldStart, b'"') => Place::Quoted,
        (Place::Quoted, b'"') => Place::AfterQuote,
        (Place::AfterQuote, b'"') | (Place::Quoted, _) => Place::Quoted,
        (_, b',' | b'\n') => Place::FieldStart,
        _ => Place::Unquoted,
    }
}

impl fmt::Debug for CsvRecords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsvRecords").field("path", &self.path).field("line", &self.line).finish_non_exhaustive()
    }
}
