use align_metrics::ComparedTexts;
use serde::Serialize;

/// A file of several that are compared.
#[derive(Serialize)]
pub struct ComparedFile {
    pub file: String,
    #[serde(flatten)]
    pub texts: ComparedTexts,
}
