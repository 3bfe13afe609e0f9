use crate::memory::MemoryEstimate;
use align_base::{printable, printable_path};
use std::path::PathBuf;

/// Errors of training.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An option that is out of range or contradicts another option.
    #[error("option {option} {reason}")]
    Config {
        /// The option's name.
        option: &'static str,
        /// What is wrong with it and what to do: the rest of a sentence that begins with the option.
        reason: String,
    },
    /// Training or evaluation data that cannot be used.
    #[error("{0}")]
    Data(String),
    /// A checkpoint that cannot be written, read or resumed from.
    #[error("checkpoint {}: {}", printable_path(path), printable(reason))]
    Checkpoint {
        /// The checkpoint's folder or file.
        path: PathBuf,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A file that cannot be written.
    #[error("{}: {}", printable_path(path), printable(reason))]
    Output {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A metrics file that cannot be read.
    #[error("{}: {}", printable_path(path), printable(reason))]
    Records {
        /// The file.
        path: PathBuf,
        /// What is wrong, and in which line.
        reason: String,
    },
    /// The loss or the gradient is not a finite number.
    #[error(
        "step {step}: {what} is {value} on training {}: lower learning_rate, or check the texts of these rows. The weights \
         have not been updated by this step, and the last checkpoint is unchanged",
        row_list(rows)
    )]
    NotFinite {
        /// The optimiser step, counted from 1.
        step: u64,
        /// `loss` or `grad_norm`.
        what: &'static str,
        /// NaN or infinity.
        value: f64,
        /// The rows of the step, by their numbers in the input, counted from 1.
        rows: Vec<usize>,
    },
    /// The loss on held-out rows is not a finite number.
    #[error(
        "the evaluation after step {step}: the loss is {value} on evaluation {}: check the texts of these rows",
        row_list(rows)
    )]
    EvaluationNotFinite {
        /// Completed optimiser steps.
        step: u64,
        /// NaN or infinity.
        value: f64,
        /// The rows of the batches with such a loss, by their numbers in the input, counted from 1.
        rows: Vec<usize>,
    },
    /// A run that would need more memory than is available.
    #[error(
        "the run needs about {estimate}, but {} are available: lower per_device_train_batch_size (and raise \
         gradient_accumulation_steps by the same factor){} or max_length, set gradient_checkpointing, or use dtype bfloat16. Set \
         skip_memory_check to start it anyway",
        align_torch::format_bytes(*available),
        if *has_micro_batches { ", micro_batch_tokens" } else { "" }
    )]
    Memory {
        /// The estimated memory.
        estimate: MemoryEstimate,
        /// Available bytes after the models are loaded.
        available: u64,
        /// Whether the objective splits batches into micro-batches of `micro_batch_tokens`.
        has_micro_batches: bool,
    },
    /// A problem with the rows of a dataset.
    #[error("{name}: {problem}")]
    Dataset {
        /// The dataset's file or name.
        name: String,
        /// What is wrong.
        problem: Box<Error>,
    },
    /// The evaluation at the end of a run failed.
    #[error("{problem}\n  the trained model was saved in {}", printable_path(model))]
    FinalEvaluation {
        /// The trained model's folder.
        model: PathBuf,
        /// What is wrong.
        problem: Box<Error>,
    },
    /// A trained model that could not be uploaded.
    #[cfg(feature = "hub")]
    #[error("{problem}\n  the model was saved in {}", printable_path(model))]
    Upload {
        /// The trained model's folder.
        model: PathBuf,
        /// The error of the hub or the network.
        problem: Box<align_models::hub::HubError>,
    },
    /// A report that cannot be rendered.
    #[cfg(feature = "report")]
    #[error("report: {0}")]
    Report(#[from] align_report::Error),
    /// A device that is not available.
    #[error(transparent)]
    Device(#[from] align_torch::DeviceError),
    /// Options or inputs that a loss does not accept.
    #[error(transparent)]
    Loss(#[from] align_losses::Error),
    /// An error of a model.
    #[error(transparent)]
    Model(#[from] align_models::Error),
    /// Data that cannot be tokenised or batched.
    #[error(transparent)]
    Batch(#[from] align_data::Error),
    /// Another process of the run failed, ended, or does not answer.
    #[error(transparent)]
    Distributed(#[from] align_distributed::Error),
    /// Processes of a run that do not agree.
    #[error("the processes of the run differ: {0}")]
    Disagreement(String),
    /// A LibTorch error.
    #[error("LibTorch: {0}")]
    Torch(#[from] tch::TchError),
}

/// The result of a fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A problem with the rows of the dataset `name`.
    pub(crate) fn in_dataset(name: &str, problem: Self) -> Self {
        Self::Dataset { name: name.to_owned(), problem: Box::new(problem) }
    }
}

/// Maximum number of rows that a message lists.
const MAX_LISTED_ROWS: usize = 32;

fn row_list(rows: &[usize]) -> String {
    let all: Vec<String> = rows.iter().take(MAX_LISTED_ROWS).map(usize::to_string).collect();
    let more = match rows.len().saturating_sub(MAX_LISTED_ROWS) {
        0 => String::new(),
        hidden => format!(" and {hidden} more"),
    };
    format!("row{} {}{more}", if rows.len() == 1 { "" } else { "s" }, all.join(", "))
}
