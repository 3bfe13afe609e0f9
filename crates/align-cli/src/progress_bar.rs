use indicatif::{ProgressBar, ProgressStyle};

/// A progress bar on standard error with rate and remaining time, shown only if standard error is a terminal.
///
/// The first `done` items were finished by an earlier run and do not count towards the rate.
pub fn progress_bar(total: usize, done: usize, unit: &str) -> ProgressBar {
    let bar = ProgressBar::new(total as u64).with_message(unit.to_owned());
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} [{elapsed}<{eta}, {per_sec}]") {
        bar.set_style(style);
    }
    bar.set_position(done as u64);
    bar.reset_eta();
    bar
}
