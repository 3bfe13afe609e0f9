//! Training runs as the parts of an HTML report, and as a page of their own.

mod curves;
mod entries;
mod run_page;

pub use curves::training_curves;
pub use entries::{entries, versions};
pub use run_page::run_page;
