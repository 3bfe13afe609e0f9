use crate::Event;
use align_base::Progress;

/// Reports transfers as the [`Progress`] of a task per file.
#[derive(Debug, Default)]
pub struct TransferProgress {
    file: Option<Progress>,
}

impl TransferProgress {
    /// Reports an event.
    pub fn on(&mut self, event: Event<'_>) {
        match (event, &mut self.file) {
            (Event::Begin { file, total, done }, slot) => {
                // The task before ends before the new one begins.
                *slot = None;
                *slot = Some(Progress::resume(file, "bytes", done, total.unwrap_or(0)));
            }
            (Event::Bytes { more, .. }, Some(progress)) => progress.advance(more as usize),
            (Event::Retry { attempt, wait, .. }, Some(progress)) => {
                let wait = wait.as_secs_f64();
                progress.set_message(|| format!("attempt {attempt} failed, next in {wait:.0} s"));
            }
            (Event::Done { .. }, slot) => *slot = None,
            (Event::Bytes { .. } | Event::Retry { .. }, None) => {}
        }
    }
}
