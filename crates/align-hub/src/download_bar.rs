use crate::Event;
use indicatif::{ProgressBar, ProgressStyle};

const KNOWN: &str = "{msg} {bar:30} {bytes}/{total_bytes} [{elapsed}<{eta}, {bytes_per_sec}]";
const UNKNOWN: &str = "{msg} {spinner} {bytes} [{elapsed}, {bytes_per_sec}]";

/// A bar for each file's transfer on the terminal's standard error; nothing where that is not a terminal.
#[derive(Debug)]
pub struct DownloadBar {
    bar: ProgressBar,
}

impl Default for DownloadBar {
    fn default() -> Self {
        Self { bar: ProgressBar::hidden() }
    }
}

impl DownloadBar {
    /// Shows a step of a transfer.
    pub fn on(&mut self, event: Event<'_>) {
        match event {
            Event::Begin { file, total, done } => {
                self.bar.finish();
                // On standard error, and hidden by itself where that is no terminal.
                self.bar = total.map_or_else(ProgressBar::no_length, ProgressBar::new);
                if let Ok(style) = ProgressStyle::with_template(if total.is_some() { KNOWN } else { UNKNOWN }) {
                    self.bar.set_style(style);
                }
                self.bar.set_message(file.to_owned());
                self.bar.set_position(done);
                self.bar.reset_eta();
            }
            Event::Bytes { more, .. } => self.bar.inc(more),
            Event::Retry { file, attempt, wait, .. } => {
                let wait = wait.as_secs_f64();
                self.bar.set_message(format!("{file} (attempt {attempt} failed, again in {wait:.0} s)"));
            }
            Event::Done { .. } => self.bar.finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_is_where_the_file_is() {
        let mut bar = DownloadBar::default();
        bar.on(Event::Begin { file: "model.safetensors", total: Some(100), done: 40 });
        bar.on(Event::Bytes { file: "model.safetensors", more: 10 });
        assert_eq!((bar.bar.position(), bar.bar.length()), (50, Some(100)));
        bar.on(Event::Begin { file: "vocab.json", total: None, done: 0 });
        bar.on(Event::Bytes { file: "vocab.json", more: 7 });
        assert_eq!((bar.bar.position(), bar.bar.length()), (7, None));
        bar.on(Event::Done { file: "vocab.json" });
        assert!(bar.bar.is_finished());
    }
}
