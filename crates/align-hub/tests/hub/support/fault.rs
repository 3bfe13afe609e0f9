use super::connection::{Reply, Request};
use std::time::Duration;

/// Something that goes wrong with some requests.
#[derive(Debug, Clone)]
pub struct Fault {
    method: &'static str,
    path_part: String,
    left: usize,
    pub what: What,
}

/// What goes wrong.
#[derive(Debug, Clone)]
pub enum What {
    /// The connection closes after so many bytes of the body.
    CutAfter(usize),
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
}

impl Fault {
    /// For the first request of the method with this in its path.
    pub fn once(method: &'static str, path_part: &str, what: What) -> Self {
        Self { method, path_part: path_part.to_owned(), left: 1, what }
    }

    pub fn times(mut self, times: usize) -> Self {
        self.left = times;
        self
    }

    pub fn always(self) -> Self {
        self.times(usize::MAX)
    }

    pub fn takes(&mut self, request: &Request) -> bool {
        let takes = self.left > 0 && self.method == request.method && request.path.contains(&self.path_part);
        if takes && self.left != usize::MAX {
            self.left -= 1;
        }
        takes
    }
}
