//! The output of the processes, line by line.

use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread;

/// The longest line in bytes. A longer one is handed on in parts.
const LONGEST_LINE: u64 = 64 * 1024;

/// Where a process wrote a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// A line that a process wrote. It is displayed with the rank as prefix: `[rank 1] loss 0.69`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputLine {
    /// The process.
    pub rank: usize,
    /// Where it wrote the line.
    pub stream: Stream,
    /// The line without its end. Bytes that are not UTF-8 are replaced.
    pub text: String,
}

impl fmt::Display for OutputLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[rank {}] {}", self.rank, self.text)
    }
}

/// Receives the lines of all processes, from several threads.
pub(super) type Sink = Arc<dyn Fn(&OutputLine) + Send + Sync>;

/// Hands on the lines of a pipe in a thread, which drops `finished` at the end.
pub(super) fn hand_on(
    pipe: impl Read + Send + 'static,
    rank: usize,
    stream: Stream,
    sink: Sink,
    finished: Sender<()>,
) -> std::io::Result<()> {
    let run = move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        // A pipe that cannot be read any more has ended.
        while pipe.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            if line.last() == Some(&b'\n') {
                line.pop();
            }
            sink(&OutputLine { rank, stream, text: String::from_utf8_lossy(&line).into_owned() });
            line.clear();
        }
        drop(finished);
    };
    thread::Builder::new().name(format!("output of rank {rank}")).spawn(run).map(|_| ())
}
