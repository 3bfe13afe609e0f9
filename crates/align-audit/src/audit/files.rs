//! The files of an audit, and where a row of all files is.

use crate::{Error, Result};

/// Files whose rows are counted through.
#[derive(Debug, Default)]
pub(crate) struct Files(Vec<File>);

#[derive(Debug)]
struct File {
    name: String,
    /// The index of its first row.
    start: u32,
    /// Rows so far.
    rows: u32,
}

impl Files {
    /// Begins a file.
    pub fn begin(&mut self, name: &str) {
        let start = self.0.last().map_or(0, |file| file.start + file.rows);
        self.0.push(File { name: name.to_owned(), start, rows: 0 });
    }

    /// The index of a row of the last file. `number` is counted from 1.
    pub fn index(&mut self, number: usize) -> Result<u32> {
        if self.0.is_empty() {
            self.begin("");
        }
        let Some(file) = self.0.last_mut() else { return Err(Error::TooManyRows) };
        let number = u32::try_from(number).map_err(|_| Error::TooManyRows)?;
        file.rows = file.rows.max(number);
        file.start.checked_add(number.saturating_sub(1)).filter(|index| *index < u32::MAX).ok_or(Error::TooManyRows)
    }

    /// The file and the number of a row.
    pub fn place(&self, row: u32) -> (String, usize) {
        let file = self.0.iter().rev().find(|file| file.start <= row);
        file.map_or_else(|| (String::new(), 0), |file| (file.name.clone(), (row - file.start) as usize + 1))
    }

    /// The names of the files, with their numbers of rows.
    pub fn rows_by_name(&self) -> Vec<(String, u64)> {
        self.0.iter().map(|file| (file.name.clone(), u64::from(file.rows))).collect()
    }
}
