use std::time::Duration;

/// Callback for progress events.
pub type Progress<'a> = dyn FnMut(Event<'_>) + 'a;

/// A progress event of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A file's transfer starts, or restarts from `done`.
    Begin {
        /// The file.
        file: &'a str,
        /// The file's size in bytes, if known.
        total: Option<u64>,
        /// Bytes already transferred by an earlier attempt.
        done: u64,
    },
    /// More bytes were transferred.
    Bytes {
        /// The file.
        file: &'a str,
        /// Number of bytes.
        more: u64,
    },
    /// An attempt failed and will be retried.
    Retry {
        /// The file.
        file: &'a str,
        /// Number of the failed attempt, from 1.
        attempt: u32,
        /// Time until the next attempt.
        wait: Duration,
        /// Why the attempt failed.
        reason: &'a str,
    },
    /// A file is complete and verified.
    Done {
        /// The file.
        file: &'a str,
    },
}
