//! How errors are made of others, and counted on.

use crate::judges::JudgesError;
use crate::streaming::StreamingError;
use crate::{EncodeReport, Error};
use align_choice::likes::LikesError;
use std::io;
use std::path::Path;

impl Error {
    /// An error of likes that belongs to no row.
    pub(crate) fn likes_option(problem: LikesError) -> Self {
        match problem {
            LikesError::Option { option, expected, found } => {
                Self::Option { option, expected: expected.to_owned(), found }
            }
            problem => Self::NoLikes(problem),
        }
    }

    pub(crate) fn read(path: &Path, problem: io::Error) -> Self {
        Self::Read { path: path.to_owned(), problem }
    }

    pub(crate) fn write(path: &Path, problem: io::Error) -> Self {
        Self::Write { path: path.to_owned(), problem }
    }

    /// Rows that were not to be dropped.
    pub(crate) fn invalid_rows(report: EncodeReport) -> Self {
        Self::InvalidRows { problems: report.invalid_rows().join("; "), report: Some(Box::new(report)) }
    }

    /// The error of a block of rows, with the numbers that its rows and lines have in the whole data. `rows` rows and `lines` lines precede
    /// the block.
    #[must_use]
    pub fn counted_from(self, rows: usize, lines: usize) -> Self {
        match self {
            Self::Line { path, line, problem } => Self::Line { path, line: line + lines, problem },
            Self::Cell { origin, row, column, expected, found } => {
                Self::Cell { origin, row: row + rows, column, expected, found }
            }
            Self::Message { origin, row, column, message, problem } => {
                Self::Message { origin, row: row + rows, column, message, problem }
            }
            Self::InvalidRows { report: Some(mut report), .. } => {
                report.count_from(rows);
                Self::invalid_rows(*report)
            }
            other => other,
        }
    }
}

impl From<JudgesError> for Error {
    fn from(error: JudgesError) -> Self {
        Self::Judges(Box::new(error))
    }
}

impl From<StreamingError> for Error {
    fn from(error: StreamingError) -> Self {
        Self::Streaming(Box::new(error))
    }
}
