use crate::{printable, printable_path};
use std::io;
use std::path::PathBuf;

/// A journal cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The path is not a file.
    #[error("{} is not a file, but the journal must be written there: move it away", printable_path(path))]
    NotAFile {
        /// The journal.
        path: PathBuf,
    },
    /// Another process has locked the journal.
    #[error("{}: another run is writing to it; wait until it ends", printable_path(path))]
    Locked {
        /// The journal.
        path: PathBuf,
    },
    /// The file is not a journal.
    #[error(
        "{} is not a journal of this program, but the journal must be written there: move it away",
        printable_path(path)
    )]
    NotAJournal {
        /// The file.
        path: PathBuf,
    },
    /// The journal was written by an earlier version, whose lines have no digests.
    #[error(
        "{} is a journal of an earlier version: finish the job with that version, or delete the file or give --overwrite to start again",
        printable_path(path)
    )]
    OlderVersion {
        /// The journal.
        path: PathBuf,
    },
    /// The journal contains the entries of another job.
    #[error(
        "{} contains the results of another job: {}. Give that job's options to continue it (OMP_NUM_THREADS sets the threads), or delete \
         the file or give --overwrite to discard its results",
        printable_path(path),
        printable(&differences.join("; "))
    )]
    OtherJob {
        /// The journal.
        path: PathBuf,
        /// The differences, one sentence each.
        differences: Vec<String>,
    },
    /// A line is damaged, or this job cannot have written it.
    #[error(
        "{}, line {line}: damaged: {}. {}",
        printable_path(path),
        printable(problem),
        if *line == 1 { "Delete the file to start again" } else { "Delete the line to compute its results again" }
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
        "{}: {problem}\n  the earlier results are kept: free disk space and run the same command again to continue",
        printable_path(path)
    )]
    Append {
        /// The journal.
        path: PathBuf,
        /// The system's message.
        problem: io::Error,
    },
    /// An I/O error.
    #[error("{}: {problem}", printable_path(path))]
    Io {
        /// The journal, or its folder.
        path: PathBuf,
        /// The system's message.
        problem: io::Error,
    },
}
