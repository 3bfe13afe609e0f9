//! The progress of long tasks: libraries report it with [`Progress`], and a program shows it with `ProgressDisplay` (feature
//! `progress`).
//!
//! A task is a [`tracing`] span with the target [`TARGET`], so it costs nothing if nobody listens.
//!
//! ```
//! use align_base::Progress;
//!
//! let mut progress = Progress::begin("scoring", "texts", 2);
//! for text in ["The film was a joy.", "The film was a bore."] {
//!     assert!(text.len() > 10);
//!     progress.advance(1);
//! }
//! ```

#[cfg(feature = "progress")]
mod bars;
#[cfg(feature = "progress")]
mod display;
#[cfg(feature = "progress")]
mod layer;
#[cfg(feature = "progress")]
mod lines;
#[cfg(feature = "progress")]
mod narrow_terminal;
#[cfg(feature = "progress")]
mod show;
#[cfg(feature = "progress")]
mod shown_task;
mod task;
#[cfg(feature = "progress")]
mod time_left;
#[cfg(feature = "progress")]
mod warning_format;

#[cfg(feature = "progress")]
pub use display::{ProgressDisplay, ProgressFormat, warning_filter};
#[cfg(feature = "progress")]
pub use show::show_progress;
pub use task::{Progress, TARGET};
