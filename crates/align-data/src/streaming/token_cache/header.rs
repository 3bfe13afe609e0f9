use super::key::KeyParts;
use super::source_file::SourceFile;
use crate::streaming::StreamingError;
use crate::{Error, Result};
use align_base::files::{checksummed_line, parse_checksummed_line, read_file, write_file};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;

/// The files of a cache: what it holds, what was changed or dropped, the rows, and where each begins.
pub(super) const HEADER: &str = "cache.json";
pub(super) const REPORT: &str = "report.json";
pub(super) const ROWS: &str = "rows.bin";
pub(super) const INDEX: &str = "index.bin";

/// Largest header or report. A report lists the dropped rows.
const LONGEST: u64 = 4 << 30;

/// What a cache holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Header {
    pub key: KeyParts,
    pub files: Vec<SourceFile>,
    /// What is not obvious about the layout of the files.
    pub notes: Vec<String>,
    pub rows: usize,
    /// Bytes of the file of rows.
    pub bytes: u64,
    pub statistics: RowStatistics,
}

/// What is known of all rows of a [`TokenCache`](super::TokenCache) without reading them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowStatistics {
    /// Token ids of all rows; those that the sequences of a row share count once.
    pub ids: u64,
    /// Tokens of the longest sequence.
    pub longest: usize,
    /// The cached row with the longest sequence, counted from 0.
    pub longest_row: usize,
    /// The largest token id.
    pub largest_id: i64,
}

impl RowStatistics {
    /// Adds the row number `row`.
    pub(super) fn add(&mut self, row: usize, (shared, ends): (&[i64], Vec<&[i64]>)) {
        let ids = shared.iter().chain(ends.iter().copied().flatten());
        self.largest_id = ids.copied().fold(self.largest_id, i64::max);
        self.ids += (shared.len() + ends.iter().map(|end| end.len()).sum::<usize>()) as u64;
        for length in ends.iter().map(|end| shared.len() + end.len()) {
            if length > self.longest {
                (self.longest, self.longest_row) = (length, row);
            }
        }
    }
}

/// Writes a file of a cache that holds one value.
pub(super) fn write_value<T: Serialize>(folder: &Path, name: &str, value: &T, overwrite: bool) -> Result<()> {
    let path = folder.join(name);
    let error = |problem: io::Error| Error::write(&path, problem);
    let line = checksummed_line(name, value).map_err(|problem| error(problem.into()))?;
    write_file(&path, overwrite, |file| writeln!(file, "{line}")).map_err(error)
}

/// Reads a file of a cache that holds one value.
pub(super) fn read_value<T: DeserializeOwned>(folder: &Path, name: &str) -> Result<T> {
    let path = folder.join(name);
    let bytes = match read_file(&path, LONGEST) {
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => {
            return Err(damaged(folder, name, "it is missing"));
        }
        read => read.map_err(|problem| Error::read(&path, problem))?,
    };
    let line = bytes.strip_suffix(b"\n").ok_or_else(|| damaged(folder, name, "its end is missing"))?;
    parse_checksummed_line(name, line).map_err(|problem| damaged(folder, name, &format!("it is damaged: {problem}")))
}

/// The error for a damaged file of a cache.
pub(super) fn damaged(folder: &Path, name: &str, problem: &str) -> Error {
    let (file, problem, folder) = (folder.join(name), problem.to_owned(), folder.to_owned());
    StreamingError::Damaged { file, problem, folder }.into()
}
