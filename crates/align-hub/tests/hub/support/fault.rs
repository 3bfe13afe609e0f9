use super::connection::{Request, Response};
use std::time::Duration;

/// A fault that affects some requests.
#[derive(Debug, Clone)]
pub struct Fault {
    method: &'static str,
    path_part: String,
    skip: usize,
    left: usize,
    pub kind: FaultKind,
}

/// The kind of fault.
#[derive(Debug, Clone)]
pub enum FaultKind {
    /// Closes the connection after this many bytes of the body.
    CutAfter(usize),
    /// Closes the connection without a response.
    Close,
    /// Replaces the response.
    Response(Response),
    /// Changes the first byte of the body.
    WrongByte,
    /// Ignores the `Range` header.
    IgnoreRange,
    /// Replaces a header; an empty value removes it.
    Header(&'static str, String),
    /// Sends nothing for this time.
    Stall(Duration),
    /// Sends a part of the body, then nothing for this time.
    StallAfter(usize, Duration),
    /// Sends the body byte by byte, with this delay.
    Drip(Duration),
}

impl Fault {
    /// Affects the first request with this method and this text in its path.
    pub fn once(method: &'static str, path_part: &str, kind: FaultKind) -> Self {
        Self { method, path_part: path_part.to_owned(), skip: 0, left: 1, kind }
    }

    /// Affects the second such request.
    pub fn second(method: &'static str, path_part: &str, kind: FaultKind) -> Self {
        Self { skip: 1, ..Self::once(method, path_part, kind) }
    }

    pub fn times(mut self, times: usize) -> Self {
        self.left = times;
        self
    }

    pub fn always(self) -> Self {
        self.times(usize::MAX)
    }

    pub fn applies_to(&mut self, request: &Request) -> bool {
        let fits = self.method == request.method && request.path.contains(&self.path_part);
        if fits && self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        let applies_to = fits && self.left > 0;
        if applies_to && self.left != usize::MAX {
            self.left -= 1;
        }
        applies_to
    }
}
