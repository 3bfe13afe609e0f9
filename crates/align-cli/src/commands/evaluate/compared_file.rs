use align_metrics::TextSetMetrics;
use serde::Serialize;

/// The metrics of one of several compared files.
#[derive(Serialize)]
pub struct ComparedFile {
    pub file: String,
    #[serde(flatten)]
    pub texts: TextSetMetrics,
}
