use indicatif::{ProgressBar, ProgressStyle};

/// A bar on the terminal's standard error, with rate and time left; nothing where that is not a terminal.
///
/// `done` of the `total` are not counted into the rate: an earlier run did them.
pub fn bar(total: usize, done: usize, what: &str) -> ProgressBar {
    let bar = ProgressBar::new(total as u64).with_message(what.to_owned());
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} [{elapsed}<{eta}, {per_sec}]") {
        bar.set_style(style);
    }
    bar.set_position(done as u64);
    bar.reset_eta();
    bar
}
