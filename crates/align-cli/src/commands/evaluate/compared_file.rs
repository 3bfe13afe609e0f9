use align_metrics::{PairedComparison, TextSetMetrics};
use serde::Serialize;

/// The metrics of one of several compared files.
#[derive(Serialize)]
pub struct ComparedFile {
    pub file: String,
    #[serde(flatten)]
    pub texts: TextSetMetrics,
    /// The rewards compared with the first file's, if both files answer the same prompts.
    pub against_first: Option<PairedComparison>,
}
