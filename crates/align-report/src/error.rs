use align_base::{printable, printable_path};
use std::io;
use std::path::{Path, PathBuf};

/// What can go wrong in this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A number that cannot be drawn.
    #[error("{}: {name}: expected {expected}, found {found}", printable(place))]
    Number {
        /// The figure with its series and point, or the table with its row and column.
        place: String,
        /// Which of the point's numbers.
        name: String,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: f64,
    },
    /// An interval whose lower end is above its upper one.
    #[error(
        "{}: {name}: expected an interval from its lower end to its upper one, found {low} to {high}",
        printable(place)
    )]
    Interval {
        /// The figure with its series and point, or the table with its row and column.
        place: String,
        /// Which of the point's numbers.
        name: String,
        /// The lower end.
        low: f64,
        /// The upper end.
        high: f64,
    },
    /// Steps of a line that do not increase.
    #[error("{}: expected a step above the one before, {before}, found {found}", printable(place))]
    Order {
        /// The figure with its series and point.
        place: String,
        /// The step before.
        before: f64,
        /// The step.
        found: f64,
    },
    /// A figure or a part of one in which there is nothing to draw.
    #[error("{}: expected {expected}, found none", printable(place))]
    Empty {
        /// The figure, with the series where it is one series.
        place: String,
        /// What must be there.
        expected: &'static str,
    },
    /// A row of a table with more or fewer cells than the table has columns.
    #[error("{}: expected {expected} cells, one a column, found {found}", printable(place))]
    Cells {
        /// The table and its row.
        place: String,
        /// The number of columns.
        expected: usize,
        /// The number of cells.
        found: usize,
    },
    /// An option whose value cannot be honoured.
    #[error("option {option}: expected {expected}, found {found}")]
    Option {
        /// The option.
        option: &'static str,
        /// What it must be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// A figure that cannot be turned into pixels.
    #[cfg(feature = "png")]
    #[error("PNG: {0}")]
    Png(String),
    /// A file that exists already and was not to be overwritten.
    #[error("{}: exists already; choose another name or ask to overwrite it", printable_path(path))]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A file or folder that cannot be written.
    #[error("{}: cannot be written: {problem}", printable_path(path))]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
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
