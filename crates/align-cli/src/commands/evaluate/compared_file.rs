use align_metrics::ComparedTexts;
use serde::Serialize;

/// The metrics of one of several compared files.
#[derive(Serialize)]
pub struct ComparedFile {
    pub file: String,
    #[serde(flatten)]
    pub texts: ComparedTexts,
}
