use crate::{printable, printable_path};
use std::io;
use std::path::PathBuf;

/// Why a journal cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// Something else than a file has its name.
    #[error("{} is not a file: move it away, the journal goes there", printable_path(path))]
    NotAFile {
        /// The journal.
        path: PathBuf,
    },
    /// Another process writes to it.
    #[error("{}: another run writes to it; wait for its end", printable_path(path))]
    Taken {
        /// The journal.
        path: PathBuf,
    },
    /// A file that is no journal.
    #[error("{} is no journal of this program: move it away, the journal goes there", printable_path(path))]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A journal whose lines have no digests, as an earlier version wrote it.
    #[error(
        "{} is the journal of an earlier version: finish its job with that, or delete the file or give --overwrite to begin anew",
        printable_path(path)
    )]
    Earlier {
        /// The journal.
        path: PathBuf,
    },
    /// A journal that holds the entries of another job.
    #[error(
        "{} holds the results of another job: {}. Give that job's options (OMP_NUM_THREADS sets the threads) to go on with it; delete the \
         file or give --overwrite to drop its results",
        printable_path(path),
        printable(&differences.join("; "))
    )]
    OtherJob {
        /// The journal.
        path: PathBuf,
        /// What differs, a sentence each.
        differences: Vec<String>,
    },
    /// A line that is not as it was written, or that this job cannot have written.
    #[error(
        "{}, line {line}: damaged: {}. {}",
        printable_path(path),
        printable(problem),
        if *line == 1 { "Delete the file to start anew" } else { "Delete the line, and its results are computed again" }
    )]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// Entries could not be appended.
    #[error(
        "{}: {problem}\n  the results before stay there: make room and run the same command again to go on",
        printable_path(path)
    )]
    Append {
        /// The journal.
        path: PathBuf,
        /// The system's message.
        problem: io::Error,
    },
    /// The system refuses.
    #[error("{}: {problem}", printable_path(path))]
    Io {
        /// The journal, or its folder.
        path: PathBuf,
        /// The system's message.
        problem: io::Error,
    },
}
