//! Splits a CSV file into records with the csv crate, and adds checks that the crate lacks. The crate reads an unclosed
//! quote to the end of the file, joins text after a closing quote to the field, and does not distinguish a quoted empty
//! field from an empty one.

use super::error::{CsvError, count_lines};
use super::quoted_fields::quoted_fields;
use csv::{Reader, ReaderBuilder, StringRecord, Terminator};

/// Iterates over the records of a file.
pub(super) struct Records<'a> {
    bytes: &'a [u8],
    reader: Reader<&'a [u8]>,
    fields: StringRecord,
    line: usize,
    /// Whether lines of spaces are skipped. True for tables of several columns.
    pub skip_space_lines: bool,
}

/// A record: its position in the file and its fields.
pub(super) struct Record<'a> {
    /// The line where the record begins.
    pub line: usize,
    /// Its length in bytes, including the line break.
    pub length: usize,
    fields: &'a StringRecord,
    quoted: Vec<bool>,
    /// Whether the line ends with a carriage return, which is not part of the last field.
    ends_with_return: bool,
}

impl<'a> Records<'a> {
    /// Creates a reader for a UTF-8 file. A byte-order mark is skipped.
    pub fn new(bytes: &'a [u8]) -> Result<Self, CsvError> {
        if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            return Err(CsvError {
                line: 1,
                problem: "expected UTF-8 text, found UTF-16: save it as UTF-8".to_owned(),
            });
        }
        let mut bytes = bytes;
        while let Some(rest) = bytes.strip_prefix("\u{feff}".as_bytes()) {
            bytes = rest;
        }
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .terminator(Terminator::Any(b'\n'))
            .from_reader(bytes);
        Ok(Self { bytes, reader, fields: StringRecord::new(), line: 1, skip_space_lines: false })
    }

    /// The next record. Blank lines are skipped.
    pub fn next(&mut self) -> Result<Option<Record<'_>>, CsvError> {
        loop {
            let start = self.position();
            let more = self.reader.read_record(&mut self.fields);
            let raw = self.bytes.get(start..self.position()).unwrap_or_default();
            let blank_lines = raw.iter().take_while(|&&byte| byte == b'\n').count();
            let raw = raw.get(blank_lines..).unwrap_or_default();
            let line = self.line + blank_lines;
            if !more.map_err(|_| not_utf8(raw, line))? {
                return Ok(None);
            }
            self.line = line + count_lines(raw);
            let text = raw.strip_suffix(b"\n").unwrap_or(raw);
            let ends_with_return = text.ends_with(b"\r");
            if self.is_blank(text.strip_suffix(b"\r").unwrap_or(text)) {
                continue;
            }
            let quoted = if raw.contains(&b'"') { quoted_fields(raw, line)? } else { Vec::new() };
            return Ok(Some(Record { line, length: raw.len(), fields: &self.fields, quoted, ends_with_return }));
        }
    }

    fn is_blank(&self, line: &[u8]) -> bool {
        line.is_empty() || self.skip_space_lines && line.iter().all(|byte| matches!(byte, b' ' | b'\t'))
    }

    fn position(&self) -> usize {
        usize::try_from(self.reader.position().byte()).unwrap_or(usize::MAX)
    }
}

impl Record<'_> {
    /// The number of fields.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// The fields' texts. An empty field without quotes is `None`.
    pub fn texts(&self) -> impl Iterator<Item = Option<&str>> {
        let last = self.len() - 1;
        self.fields.iter().enumerate().map(move |(index, text)| {
            let text = match self.ends_with_return && index == last {
                true => text.strip_suffix('\r').unwrap_or(text),
                false => text,
            };
            let is_present = !text.is_empty() || self.quoted.get(index).copied().unwrap_or_default();
            is_present.then_some(text)
        })
    }
}

fn not_utf8(raw: &[u8], line: usize) -> CsvError {
    let valid = std::str::from_utf8(raw).map_or_else(|e| e.valid_up_to(), |_| raw.len());
    let (before, after) = raw.split_at_checked(valid).unwrap_or_default();
    let byte = after.first().copied().unwrap_or_default();
    CsvError { line: line + count_lines(before), problem: format!("expected UTF-8 text, found the byte 0x{byte:02x}") }
}
