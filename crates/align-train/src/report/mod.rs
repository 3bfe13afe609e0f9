//! HTML reports of training runs, and their parts for other reports.

mod curves;
mod entries;
#[cfg(feature = "trackers")]
mod live_report;
mod metrics_table;
mod run_page;
#[cfg(feature = "trackers")]
mod run_watch;
mod sample_comparisons;
mod time_table;

pub use curves::{training_curves, training_note};
pub use entries::{option_entries, versions};
pub use run_page::run_page;
#[cfg(feature = "trackers")]
pub use run_watch::RunWatch;
pub use sample_comparisons::sample_comparisons;
pub use time_table::time_table;
