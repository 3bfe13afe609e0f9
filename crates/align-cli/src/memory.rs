//! Runs that need more memory than there is.

use crate::Failure;

/// What a command without the trainer's options says of a run that needs too much memory.
pub fn in_words(error: align_train::Error) -> Failure {
    match error {
        align_train::Error::Memory { estimate, available, .. } => format!(
            "training needs about {estimate}, there are {} MiB: lower --per-device-train-batch-size, or give --dtype bfloat16",
            available >> 20
        )
        .into(),
        error => error.into(),
    }
}
