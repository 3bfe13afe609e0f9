//! The message for a run that needs more memory than is available.

use crate::Failure;

/// Names the options that lower memory use, for commands that do not have all options of a training run.
pub fn with_options_to_change(error: align_train::Error) -> Failure {
    match error {
        align_train::Error::Memory { estimate, available, .. } => format!(
            "training needs about {estimate}, but {} MiB are available: lower --per-device-train-batch-size or give --dtype bfloat16",
            available >> 20
        )
        .into(),
        error => error.into(),
    }
}
