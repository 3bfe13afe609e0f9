use super::connection::{Reply, Request};
use std::time::Duration;

/// Something that goes wrong with some requests.
#[derive(Debug, Clone)]
pub struct Fault {
    method: &'static str,
    path_part: String,
    spared: usize,
    left: usize,
    pub what: What,
}

/// What goes wrong.
#[derive(Debug, Clone)]
pub enum What {
    /// The connection closes after so many bytes of the body.
    CutAfter(usize),
    /// The connection closes without an answer.
    Close,
    /// Another answer altogether.
    Answer(Reply),
    /// The first byte of the body is another.
    WrongByte,
    /// `Range` is not understood.
    IgnoreRange,
    /// A header is another; an empty value leaves it out.
    Header(&'static str, String),
    /// Nothing comes for so long.
    Stall(Duration),
    /// A part of the body comes, then nothing for so long.
    StallAfter(usize, Duration),
    /// The body comes byte by byte, so long apart.
    Drip(Duration),
}

impl Fault {
    /// For the first request of the method with this in its path.
    pub fn once(method: &'static str, path_part: &str, what: What) -> Self {
        Self { method, path_part: path_part.to_owned(), spared: 0, left: 1, what }
    }

    /// For the second such request.
    pub fn second(method: &'static str, path_part: &str, what: What) -> Self {
        Self { spared: 1, ..Self::once(method, path_part, what) }
    }

    pub fn times(mut self, times: usize) -> Self {
        self.left = times;
        self
    }

    pub fn always(self) -> Self {
        self.times(usize::MAX)
    }

    pub fn takes(&mut self, request: &Request) -> bool {
        let fits = self.method == request.method && request.path.contains(&self.path_part);
        if fits && self.spared > 0 {
            self.spared -= 1;
            return false;
        }
        let takes = fits && self.left > 0;
        if takes && self.left != usize::MAX {
            self.left -= 1;
        }
        takes
    }
}
