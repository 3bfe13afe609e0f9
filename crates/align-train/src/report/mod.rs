//! HTML reports of training runs, and their parts for other reports.

mod curves;
mod entries;
mod run_page;

pub use curves::training_curves;
pub use entries::{option_entries, versions};
pub use run_page::run_page;
