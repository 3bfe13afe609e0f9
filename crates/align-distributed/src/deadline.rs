use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

/// A time limit for several steps.
#[derive(Clone, Copy)]
pub(crate) struct Deadline {
    start: Instant,
    limit: Duration,
}

impl Deadline {
    pub(crate) fn after(limit: Duration) -> Self {
        Self { start: Instant::now(), limit }
    }

    pub(crate) fn waited(&self) -> Duration {
        self.start.elapsed()
    }

    pub(crate) fn left(&self) -> Duration {
        self.limit.saturating_sub(self.start.elapsed())
    }

    pub(crate) fn has_passed(&self) -> bool {
        self.left().is_zero()
    }
}

/// Runs a function that may wait for another process on its own thread. If it takes longer than `limit`, returns `None`, and the thread
/// goes on by itself.
pub(crate) fn within<T: Send + 'static>(limit: Duration, f: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (send, result) = channel();
    let run = move || {
        // The receiver is gone if the time has passed.
        let _ = send.send(f());
    };
    thread::Builder::new().name("distributed".to_owned()).spawn(run).ok()?;
    result.recv_timeout(limit).ok()
}
