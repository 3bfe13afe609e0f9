//! Limits the memory that a Parquet file may take. With dictionaries, run-length encoding and compression, a few
//! hundred bytes can expand to gigabytes.

use super::encodings::CheckResult;

/// A file may expand to this many bytes plus a factor times its size. Text compresses to between a third and a tenth;
/// only a table whose rows are nearly all equal reaches a hundredth.
const BASE_BYTES: usize = 32 << 20;
const MAX_EXPANSION: usize = 100;
/// Bytes that a cell takes besides its value.
const BYTES_PER_CELL: usize = 16;

/// The memory limit of a file, and what has been counted so far.
pub(super) struct MemoryBudget {
    file: usize,
    limit: usize,
    pages: usize,
    cells: usize,
    values: usize,
}

impl MemoryBudget {
    /// The limit for a file of `file` bytes.
    pub fn new(file: usize) -> Self {
        Self {
            file,
            limit: file.saturating_mul(MAX_EXPANSION).saturating_add(BASE_BYTES),
            pages: 0,
            cells: 0,
            values: 0,
        }
    }

    /// The limit in bytes, for each page and for the whole file.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Counts the rows so far, each with `columns` cells.
    pub fn add_rows(&mut self, rows: usize, columns: usize) -> CheckResult<()> {
        self.cells = rows.saturating_mul(columns.max(1)).saturating_mul(BYTES_PER_CELL);
        self.check(self.cells, format_args!("{rows} rows of {columns} columns"))
    }

    /// Counts a page of `size` bytes after decompression.
    pub fn add_page(&mut self, size: usize) -> CheckResult<()> {
        self.pages = self.pages.saturating_add(size);
        self.check(self.pages, format_args!("the pages so far"))
    }

    /// Counts the decoded values of a page.
    pub fn add_values(&mut self, size: usize) -> CheckResult<()> {
        self.values = self.values.saturating_add(size);
        self.check(self.values.saturating_add(self.cells), format_args!("the values so far"))
    }

    fn check(&self, size: usize, what: std::fmt::Arguments<'_>) -> CheckResult<()> {
        if size <= self.limit {
            return Ok(());
        }
        Err(format!(
            "{what} take {size} bytes in memory, expected at most {} for a file of {} bytes ({BASE_BYTES} plus {MAX_EXPANSION} per byte); \
             convert the table to JSON Lines",
            self.limit, self.file
        ))
    }
}
