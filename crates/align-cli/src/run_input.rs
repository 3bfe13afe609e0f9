use serde::Serialize;
use std::path::PathBuf;

/// The options of the rows or prompts that a run trains on.
pub trait RunInput: clap::Args + Serialize {
    /// What to call the training rows in messages.
    fn train_name(&self) -> PathBuf;

    /// What to call the evaluation rows, if there are any.
    fn eval_name(&self) -> Option<PathBuf> {
        None
    }
}
