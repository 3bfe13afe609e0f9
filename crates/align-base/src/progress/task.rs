use tracing::field::Empty;
use tracing::{Span, info_span};

/// The target of the spans of tasks.
pub const TARGET: &str = "align::progress";

/// The progress of a long task. The task ends when this is dropped.
#[derive(Debug)]
pub struct Progress {
    span: Span,
    done: u64,
}

impl Progress {
    /// Begins a task such as `"scoring"` over `total` items whose plural is `unit`, such as `"texts"`. A total of 0 means that it is not
    /// known.
    #[must_use]
    pub fn begin(task: &str, unit: &str, total: usize) -> Self {
        Self::resume(task, unit, 0, total as u64)
    }

    /// Begins a task of which `done` items are finished already. They do not count for the remaining time.
    #[must_use]
    pub fn resume(task: &str, unit: &str, done: u64, total: u64) -> Self {
        Self::new(task, unit, done, total, false)
    }

    /// Like [`Progress::resume`], for a task that the program also logs line by line. A display without a terminal then adds no lines.
    #[must_use]
    pub fn resume_logged(task: &str, unit: &str, done: u64, total: u64) -> Self {
        Self::new(task, unit, done, total, true)
    }

    fn new(task: &str, unit: &str, done: u64, total: u64, logged: bool) -> Self {
        Self { span: info_span!(target: TARGET, "progress", task, unit, total, done, logged, message = Empty), done }
    }

    /// Adds finished items.
    pub fn advance(&mut self, items: usize) {
        self.set_done(self.done + items as u64);
    }

    /// Sets the number of finished items.
    pub fn set_done(&mut self, done: u64) {
        self.done = done;
        self.span.record("done", done);
    }

    /// Sets a short text that is shown beside the progress, such as the loss. It is only computed if the progress is shown.
    pub fn set_message(&self, message: impl FnOnce() -> String) {
        if !self.span.is_disabled() {
            self.span.record("message", message().as_str());
        }
    }
}
