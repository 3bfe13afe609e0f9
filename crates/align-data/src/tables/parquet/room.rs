//! How much memory a file's size explains. Dictionaries, runs and compression let a few hundred bytes stand for gigabytes.

use super::encodings::Checked;

/// Bytes that any file may become, and further ones for each byte of it. Texts compress to a third or a tenth; a hundredth takes
/// a table whose rows are nearly all alike.
const FLOOR: usize = 32 << 20;
const EXPANSION: usize = 100;
/// What a row takes in a column, besides its value.
const CELL: usize = 16;

/// What a file may take, and what was found so far.
pub(super) struct Room {
    file: usize,
    most: usize,
    pages: usize,
    cells: usize,
    values: usize,
}

impl Room {
    /// For a file of so many bytes.
    pub fn of(file: usize) -> Self {
        Self { file, most: file.saturating_mul(EXPANSION).saturating_add(FLOOR), pages: 0, cells: 0, values: 0 }
    }

    /// The most bytes of one page, and of all together.
    pub fn most(&self) -> usize {
        self.most
    }

    /// The rows so far, in so many columns.
    pub fn rows(&mut self, rows: usize, columns: usize) -> Checked<()> {
        self.cells = rows.saturating_mul(columns.max(1)).saturating_mul(CELL);
        self.fits(self.cells, format_args!("{rows} rows of {columns} columns"))
    }

    /// One more page, which claims this size once it is decompressed.
    pub fn page(&mut self, size: usize) -> Checked<()> {
        self.pages = self.pages.saturating_add(size);
        self.fits(self.pages, format_args!("the pages up to here"))
    }

    /// The values of one more page.
    pub fn values(&mut self, size: usize) -> Checked<()> {
        self.values = self.values.saturating_add(size);
        self.fits(self.values.saturating_add(self.cells), format_args!("the values up to here"))
    }

    fn fits(&self, size: usize, what: std::fmt::Arguments<'_>) -> Checked<()> {
        if size <= self.most {
            return Ok(());
        }
        Err(format!(
            "{what} take {size} bytes in memory, expected at most {} of a file of {} ({FLOOR} and {EXPANSION} for each byte); \
             such a table can be given as JSON Lines",
            self.most, self.file
        ))
    }
}
