//! HTML reports of training runs, and their parts for other reports.

mod curves;
mod entries;
mod run_page;
mod sample_comparisons;
mod time_table;

pub use curves::{training_curves, training_note};
pub use entries::{option_entries, versions};
pub use run_page::run_page;
pub use sample_comparisons::sample_comparisons;
pub use time_table::time_table;
