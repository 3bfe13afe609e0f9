use align_base::{printable, printable_path};
use std::io;
use std::path::{Path, PathBuf};

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A number that cannot be drawn.
    #[error("{}: {name}: expected {expected}, found {found}", printable(place))]
    Number {
        /// The figure with series and point, or the table with row and column.
        place: String,
        /// The name of the number.
        name: String,
        /// The expected value.
        expected: &'static str,
        /// The actual value.
        found: f64,
    },
    /// An interval whose lower end is above its upper end.
    #[error(
        "{}: {name}: expected an interval whose lower end is not above its upper end, found {low} to {high}",
        printable(place)
    )]
    Interval {
        /// The figure with series and point, or the table with row and column.
        place: String,
        /// The name of the number.
        name: String,
        /// The lower end.
        low: f64,
        /// The upper end.
        high: f64,
    },
    /// A line whose steps do not increase.
    #[error("{}: expected a step greater than the previous one, {before}, found {found}", printable(place))]
    Order {
        /// The figure with series and point.
        place: String,
        /// The previous step.
        before: f64,
        /// The step.
        found: f64,
    },
    /// A figure, or a part of one, without data.
    #[error("{}: expected {expected}, found none", printable(place))]
    Empty {
        /// The figure, and the series if it concerns one.
        place: String,
        /// What is missing.
        expected: &'static str,
    },
    /// A table row with a wrong number of cells.
    #[error("{}: expected {expected} cells, one per column, found {found}", printable(place))]
    Cells {
        /// The table and its row.
        place: String,
        /// The number of columns.
        expected: usize,
        /// The number of cells.
        found: usize,
    },
    /// A heat map or a tree with a wrong number of parts.
    #[error("{}: expected {expected} {what}, found {found}", printable(place))]
    Parts {
        /// The figure, and the row if it concerns one.
        place: String,
        /// The parts.
        what: &'static str,
        /// The expected number.
        expected: usize,
        /// The actual number.
        found: usize,
    },
    /// An invalid option.
    #[error("option {option}: expected {expected}, found {found}")]
    Option {
        /// The option.
        option: &'static str,
        /// The expected value.
        expected: String,
        /// The actual value.
        found: String,
    },
    /// A figure that cannot be rendered as PNG.
    #[cfg(feature = "png")]
    #[error("PNG: {0}")]
    Png(String),
    /// A file that exists already and was not to be overwritten.
    #[error("{}: exists already; choose another name or allow overwriting", printable_path(path))]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A file or folder that cannot be written.
    #[error("{}: cannot be written: {problem}", printable_path(path))]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's error.
        problem: io::Error,
    },
}

/// The result of a fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn write(path: &Path, problem: io::Error) -> Self {
        Self::Write { path: path.to_owned(), problem }
    }
}
