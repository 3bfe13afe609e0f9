//! Some rows of a text format, as bytes.

use super::super::column_names::ColumnNames;
use super::super::raw_table::RawTable;
use super::super::{csv, jsonl};
use super::form;
use crate::{Error, Result};
use align_base::printable_path;
use std::ops::Range;
use std::path::Path;

/// Rows of a text format.
#[derive(Debug)]
pub(super) struct TextBlock {
    bytes: Vec<u8>,
    /// The header of a CSV file, with its line break.
    header: Option<Vec<u8>>,
    /// Where each row ends; of JSON, rows end with a line.
    ends: Vec<usize>,
    /// Lines of the file before the block.
    line: usize,
}

impl TextBlock {
    /// Objects of JSON, one on each line.
    pub fn of_lines(bytes: Vec<u8>, line: usize) -> Self {
        Self { bytes, header: None, ends: Vec::new(), line }
    }

    /// Records of CSV.
    pub fn of_records(bytes: Vec<u8>, header: Vec<u8>, ends: Vec<usize>, line: usize) -> Self {
        Self { bytes, header: Some(header), ends, line }
    }

    /// A block of the same file that has only this row.
    pub fn of_row(&self, row: &[u8]) -> Self {
        Self { bytes: row.to_vec(), header: self.header.clone(), ends: vec![row.len()], line: 0 }
    }

    /// The place of each row in the block. Blank lines of JSON are no rows.
    pub fn rows(&self) -> Vec<Range<usize>> {
        if self.header.is_some() {
            let starts = std::iter::once(0).chain(self.ends.iter().copied());
            return starts.zip(&self.ends).map(|(start, end)| start..*end).collect();
        }
        let mut end = 0;
        let lines = self.bytes.split_inclusive(|byte| *byte == b'\n').map(|line| {
            end += line.len();
            end - line.len()..end
        });
        lines.filter(|line| !self.bytes(line).trim_ascii().is_empty()).collect()
    }

    /// The bytes at a place.
    pub fn bytes(&self, place: &Range<usize>) -> &[u8] {
        self.bytes.get(place.clone()).unwrap_or_default()
    }

    /// Lines of the file before a place.
    pub fn lines_before(&self, place: &Range<usize>) -> usize {
        self.line + self.bytes(&(0..place.start)).iter().filter(|byte| **byte == b'\n').count()
    }

    /// The columns of the rows.
    pub fn parse(&self, path: &Path, expected: &[String], names: &ColumnNames) -> Result<RawTable> {
        let columns = form::columns();
        let cells = match &self.header {
            None => jsonl::read_block(path, &self.bytes, &columns, names, expected),
            // The line of the header is counted with the block.
            Some(header) => csv::read(path, &[header, self.bytes.as_slice()].concat(), &columns, names),
        };
        let located = |problem: Error| problem.counted_from(0, self.line);
        Ok(RawTable::from_cells(&printable_path(path), cells.map_err(located)?))
    }
}
