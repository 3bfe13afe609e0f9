use super::lines::{Line, for_each_line};
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of a program's messages that are kept.
const KEPT: usize = 2000;

/// The last lines that a program has written to standard error.
#[derive(Debug, Clone, Default)]
pub(super) struct StderrTail(Arc<Mutex<String>>);

impl StderrTail {
    /// Logs the lines of `source` and keeps the last ones.
    pub fn follow(&self, source: impl Read, name: &str) {
        for_each_line(source, |line| {
            if let Line::Text(line) = line {
                let line = String::from_utf8_lossy(&line);
                tracing::info!(reward = name, "{}", line.trim_end());
                let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                kept.push_str(line.trim_end());
                kept.push('\n');
                let excess = kept.len().saturating_sub(KEPT);
                let start = (excess..=kept.len()).find(|at| kept.is_char_boundary(*at)).unwrap_or(0);
                kept.drain(..start);
            }
            true
        });
    }

    /// What messages add to an error.
    pub fn text(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.trim() {
            "" => String::new(),
            text => format!("\n  its last messages:\n  {}", text.replace('\n', "\n  ")),
        }
    }
}
