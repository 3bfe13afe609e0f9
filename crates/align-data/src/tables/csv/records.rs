//! The records of a CSV file, as the csv crate splits them, and what it leaves unsaid: it takes an open quote for the rest of the
//! file, joins what stands behind a closing quote to the text, and does not tell an empty text in quotes from no text.

use super::fault::{Fault, lines_in};
use super::quotes::quoted;
use csv::{Reader, ReaderBuilder, StringRecord, Terminator};

/// The records of a file, one after the other.
pub(super) struct Records<'a> {
    bytes: &'a [u8],
    reader: Reader<&'a [u8]>,
    fields: StringRecord,
    line: usize,
    /// Whether a line of nothing but spaces is no record, as in a table of several columns.
    pub spaces_are_blank: bool,
}

/// One record: its place in the file, and its fields.
pub(super) struct Record<'a> {
    /// The line on which it begins.
    pub line: usize,
    /// Its bytes, line break included.
    pub length: usize,
    fields: &'a StringRecord,
    quoted: Vec<bool>,
    /// Whether its line ends with a carriage return, which is no part of the last field.
    ends_with_return: bool,
}

impl<'a> Records<'a> {
    /// The records of a file in UTF-8; a byte-order mark is no part of it.
    pub fn of(bytes: &'a [u8]) -> Result<Self, Fault> {
        if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            return Err(Fault { line: 1, problem: "expected UTF-8 text, found UTF-16: save it as UTF-8".to_owned() });
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
        Ok(Self { bytes, reader, fields: StringRecord::new(), line: 1, spaces_are_blank: false })
    }

    /// The next record; lines without a character are none.
    pub fn next(&mut self) -> Result<Option<Record<'_>>, Fault> {
        loop {
            let start = self.place();
            let more = self.reader.read_record(&mut self.fields);
            let raw = self.bytes.get(start..self.place()).unwrap_or_default();
            let blank_lines = raw.iter().take_while(|&&byte| byte == b'\n').count();
            let raw = raw.get(blank_lines..).unwrap_or_default();
            let line = self.line + blank_lines;
            if !more.map_err(|_| not_utf8(raw, line))? {
                return Ok(None);
            }
            self.line = line + lines_in(raw);
            let text = raw.strip_suffix(b"\n").unwrap_or(raw);
            let ends_with_return = text.ends_with(b"\r");
            if self.is_blank(text.strip_suffix(b"\r").unwrap_or(text)) {
                continue;
            }
            let quoted = if raw.contains(&b'"') { quoted(raw, line)? } else { Vec::new() };
            return Ok(Some(Record { line, length: raw.len(), fields: &self.fields, quoted, ends_with_return }));
        }
    }

    fn is_blank(&self, line: &[u8]) -> bool {
        line.is_empty() || self.spaces_are_blank && line.iter().all(|byte| matches!(byte, b' ' | b'\t'))
    }

    fn place(&self) -> usize {
        usize::try_from(self.reader.position().byte()).unwrap_or(usize::MAX)
    }
}

impl Record<'_> {
    /// The number of fields.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// The fields' texts; none where there is no text, not even an empty one in quotes.
    pub fn texts(&self) -> impl Iterator<Item = Option<&str>> {
        let last = self.len() - 1;
        self.fields.iter().enumerate().map(move |(place, text)| {
            let text = match self.ends_with_return && place == last {
                true => text.strip_suffix('\r').unwrap_or(text),
                false => text,
            };
            let there = !text.is_empty() || self.quoted.get(place).copied().unwrap_or_default();
            there.then_some(text)
        })
    }
}

fn not_utf8(raw: &[u8], line: usize) -> Fault {
    let valid = std::str::from_utf8(raw).map_or_else(|e| e.valid_up_to(), |_| raw.len());
    let (before, after) = raw.split_at_checked(valid).unwrap_or_default();
    let byte = after.first().copied().unwrap_or_default();
    Fault { line: line + lines_in(before), problem: format!("expected UTF-8 text, found the byte 0x{byte:02x}") }
}
