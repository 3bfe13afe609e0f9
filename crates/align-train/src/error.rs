use crate::memory::MemoryEstimate;
use align_base::{printable, printable_path};
use std::path::PathBuf;

/// What can go wrong while training.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Options that contradict each other, or values out of range.
    #[error("option {option}: {reason}")]
    Config {
        /// The option's name.
        option: &'static str,
        /// What is wrong with it and what to do.
        reason: String,
    },
    /// Training or evaluation data that cannot be used.
    #[error("{0}")]
    Data(String),
    /// A checkpoint that cannot be written, read or continued from.
    #[error("checkpoint {}: {}", printable_path(path), printable(reason))]
    Checkpoint {
        /// Its folder or file.
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
    /// A file of records that cannot be read.
    #[error("{}: {}", printable_path(path), printable(reason))]
    Records {
        /// The file.
        path: PathBuf,
        /// What is wrong, and in which line.
        reason: String,
    },
    /// The loss or the gradient is not a finite number.
    #[error(
        "step {step}: {what} is {value} on training {}: lower learning_rate, or look at these rows' texts; the weights \
         are those before the step, and the last checkpoint stays",
        listed(rows)
    )]
    NotFinite {
        /// The optimiser step, from one.
        step: u64,
        /// `loss` or `grad_norm`.
        what: &'static str,
        /// NaN or an infinity.
        value: f64,
        /// The rows that it came from, by their numbers in the input, counted from one.
        rows: Vec<usize>,
    },
    /// The loss of held-out rows is not a finite number.
    #[error(
        "the evaluation after step {step}: the loss is {value} on evaluation {}: look at these rows' texts",
        listed(rows)
    )]
    EvaluationNotFinite {
        /// Optimiser steps done.
        step: u64,
        /// NaN or an infinity.
        value: f64,
        /// The rows of the batches that it came from, by their numbers in the input, counted from one.
        rows: Vec<usize>,
    },
    /// A run that would need more memory than there is.
    #[error(
        "the run needs about {estimate}, there are {}: lower per_device_train_batch_size (and raise gradient_accumulation_steps by as \
         much){} or max_length, set gradient_checkpointing, or take dtype bfloat16; skip_memory_check begins it nevertheless",
        align_torch::format_bytes(*available),
        if *in_parts { ", micro_batch_tokens" } else { "" }
    )]
    Memory {
        /// What it needs.
        estimate: MemoryEstimate,
        /// Bytes that there are once its models are loaded.
        available: u64,
        /// Whether the objective takes a batch in parts of `micro_batch_tokens`.
        in_parts: bool,
    },
    /// A problem of the rows that a run was given.
    #[error("{name}: {problem}")]
    Dataset {
        /// Their file or name.
        name: String,
        /// What is wrong.
        problem: Box<Error>,
    },
    /// The evaluation at the end of a run failed.
    #[error("{problem}\n  the trained model is whole in {}", printable_path(model))]
    FinalEvaluation {
        /// The trained model's folder.
        model: PathBuf,
        /// What is wrong.
        problem: Box<Error>,
    },
    /// A trained model that could not be uploaded.
    #[cfg(feature = "hub")]
    #[error("{problem}\n  the model is whole in {}", printable_path(model))]
    Upload {
        /// The trained model's folder.
        model: PathBuf,
        /// What the hub or the network refused.
        problem: Box<align_models::hub::HubError>,
    },
    /// A report that cannot be drawn.
    #[cfg(feature = "report")]
    #[error("report: {0}")]
    Report(#[from] align_report::Error),
    /// A device that is not there.
    #[error(transparent)]
    Device(#[from] align_torch::DeviceError),
    /// A loss that refuses its options or inputs.
    #[error(transparent)]
    Loss(#[from] align_losses::Error),
    /// A model that refuses its inputs.
    #[error(transparent)]
    Model(#[from] align_models::Error),
    /// Data that cannot be batched.
    #[error(transparent)]
    Batch(#[from] align_data::Error),
    /// LibTorch refused an operation.
    #[error("LibTorch: {0}")]
    Torch(#[from] tch::TchError),
}

/// The result of a fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A problem of the rows of this name.
    pub(crate) fn of_data(name: &str, problem: Self) -> Self {
        Self::Dataset { name: name.to_owned(), problem: Box::new(problem) }
    }
}

/// Most rows that a message lists.
const LISTED: usize = 32;

fn listed(rows: &[usize]) -> String {
    let all: Vec<String> = rows.iter().take(LISTED).map(usize::to_string).collect();
    let more = if rows.len() > LISTED { format!(" and {} more", rows.len() - LISTED) } else { String::new() };
    format!("row{} {}{more}", if rows.len() == 1 { "" } else { "s" }, all.join(", "))
}
