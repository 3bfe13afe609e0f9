use super::display::{ProgressDisplay, ProgressFormat};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Shows progress and warnings on standard error. For programs that have no [`tracing`] subscriber; others add
/// [`ProgressDisplay::layer`] to theirs. Does nothing if a global subscriber is set already.
pub fn show_progress() {
    let display = ProgressDisplay::new(ProgressFormat::Text);
    tracing_subscriber::registry().with(display.layer()).with(display.warning_layer()).try_init().ok();
}
