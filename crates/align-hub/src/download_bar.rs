use crate::Event;
use indicatif::{ProgressBar, ProgressStyle};

const WITH_TOTAL: &str = "{msg} {bar:30} {bytes}/{total_bytes} [{elapsed}<{eta}, {bytes_per_sec}]";
const WITHOUT_TOTAL: &str = "{msg} {spinner} {bytes} [{elapsed}, {bytes_per_sec}]";

/// A progress bar for each file on standard error; hidden if that is not a terminal.
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
    /// Shows a progress event.
    pub fn on(&mut self, event: Event<'_>) {
        match event {
            Event::Begin { file, total, done } => {
                self.bar.finish();
                // indicatif draws on standard error and hides the bar if that is not a terminal.
                self.bar = total.map_or_else(ProgressBar::no_length, ProgressBar::new);
                if let Ok(style) =
                    ProgressStyle::with_template(if total.is_some() { WITH_TOTAL } else { WITHOUT_TOTAL })
                {
                    self.bar.set_style(style);
                }
                self.bar.set_message(file.to_owned());
                self.bar.set_position(done);
                self.bar.reset_eta();
            }
            Event::Bytes { more, .. } => self.bar.inc(more),
            Event::Retry { file, attempt, wait, .. } => {
                let wait = wait.as_secs_f64();
                self.bar.set_message(format!("{file} (attempt {attempt} failed, retrying in {wait:.0} s)"));
            }
            Event::Done { .. } => self.bar.finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_follows_the_events() {
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
