use align_base::{counted, printable, printable_path};
use std::path::PathBuf;

/// Why data cannot be read in parts, or a token cache cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StreamingError {
    /// A file in a format that is only read as a whole.
    #[error(
        "{}: {found} cannot be read in parts: convert it to JSON Lines (.jsonl, also with .gz or .zst) or Parquet",
        printable_path(path)
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: &'static str,
    },
    /// Rows in another layout than the rows before them.
    #[error("{}, row {row} and following: {}", printable_path(path), printable(problem))]
    Layout {
        /// The file.
        path: PathBuf,
        /// The first row of the block, counted from 1.
        row: usize,
        /// How the layout differs, and what to do.
        problem: String,
    },
    /// A file that was changed while it was read.
    #[error(
        "{}: it was changed while it was tokenised: wait until it is written, and start again",
        printable_path(path)
    )]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// A cache that is damaged or incomplete.
    #[error(
        "{}: {}: delete the folder {}, and it is built again",
        printable_path(file),
        printable(problem),
        printable_path(folder)
    )]
    Damaged {
        /// The damaged file.
        file: PathBuf,
        /// What is wrong.
        problem: String,
        /// The folder of the cache.
        folder: PathBuf,
    },
    /// A row that a cache does not have.
    #[error("{}: there is no row {row}, the cache has {}", printable_path(folder), counted(*rows, "row"))]
    NoRow {
        /// The folder of the cache.
        folder: PathBuf,
        /// The row, counted from 0.
        row: usize,
        /// The rows of the cache.
        rows: usize,
    },
    /// A token id that is no id.
    #[error("row {row}: the token id {id} cannot be stored, expected one from 0 to {}", u32::MAX)]
    TokenId {
        /// The row, counted from 1.
        row: usize,
        /// The id.
        id: i64,
    },
}
