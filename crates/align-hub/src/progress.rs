use std::time::Duration;

/// What a transfer tells whoever waits for it.
pub type Progress<'a> = dyn FnMut(Event<'_>) + 'a;

/// A step of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A file's transfer begins, or begins again from `done`.
    Begin {
        /// The file.
        file: &'a str,
        /// Its bytes, where they are known.
        total: Option<u64>,
        /// Bytes there from an earlier attempt.
        done: u64,
    },
    /// More bytes went over the line.
    Bytes {
        /// The file.
        file: &'a str,
        /// How many more.
        more: u64,
    },
    /// An attempt failed and is made again.
    Retry {
        /// The file.
        file: &'a str,
        /// Which attempt failed, from 1.
        attempt: u32,
        /// How long until the next.
        wait: Duration,
        /// Why it failed.
        reason: &'a str,
    },
    /// A file is whole and checked.
    Done {
        /// The file.
        file: &'a str,
    },
}
