use crate::checkpoint::{CheckpointError, Mismatch};
use crate::generation::GenerationError;
use align_base::{printable, printable_path};
use align_torch::format_bytes;
use std::path::PathBuf;

/// The errors of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A `config.json` that cannot be read or does not describe a model of this crate.
    #[error("{}: {}", printable_path(path), printable(reason))]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong with it and what to do.
        reason: String,
    },
    /// A checkpoint that cannot be read or does not match its config.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Invalid generation options or inputs.
    #[error(transparent)]
    Generation(#[from] GenerationError),
    /// The name of a model is not a folder, and the feature `hub` is off.
    #[cfg(not(feature = "hub"))]
    #[error("{}: no such folder; names on the hub need the feature `hub`", printable(name))]
    NoFolder {
        /// The name.
        name: String,
    },
    /// The folder of a training run, which holds the model in a folder of its own.
    #[error("{0} is the folder of a run: its model is {0}/{MODEL_OF_RUN}", printable_path(folder))]
    RunFolder {
        /// The folder of the run.
        folder: PathBuf,
    },
    /// The name of a model is not a folder, and was not found on the hub or in its cache.
    #[cfg(feature = "hub")]
    #[error("there is no folder {}, and {}{problem}", printable(name), not_found_on_hub(problem))]
    NotFound {
        /// The name.
        name: String,
        /// The error of the hub or its cache.
        problem: Box<align_hub::HubError>,
    },
    /// A model could not be loaded from the hub or its cache.
    #[cfg(feature = "hub")]
    #[error(transparent)]
    Hub(#[from] align_hub::HubError),
    /// A new model does not fit into memory.
    #[error(
        "the config describes a model with {weights} weights ({sizes}), which needs {}, but only {} are available: make it smaller",
        format_bytes(*bytes), format_bytes(*available)
    )]
    ModelMemory {
        /// The fields of the config that determine the size, with their values.
        sizes: String,
        /// Number of weights.
        weights: u64,
        /// Bytes needed for the weights and their initialisation.
        bytes: u64,
        /// Bytes available.
        available: u64,
    },
    /// An option of a LoRA adapter is out of range, or names a module that the model does not have.
    #[error("option {option}: {}", printable(reason))]
    LoraOption {
        /// The option's name.
        option: &'static str,
        /// What is wrong with it and what to do.
        reason: String,
    },
    /// The weights of an adapter do not match its config.
    #[error("{}: the weights do not match adapter_config.json and the model:{mismatch}", printable_path(path))]
    AdapterMismatch {
        /// The file with the weights.
        path: PathBuf,
        /// All mismatches.
        mismatch: Box<Mismatch>,
    },
    /// An adapter was trained on a base model with other weights.
    #[error(
        "{}: the adapter was trained on a base model with other weights{}: give the model that it was trained on",
        printable_path(path),
        base.as_deref().map_or_else(String::new, |base| format!(", {}", printable(base)))
    )]
    OtherBase {
        /// The file with the adapter's weights.
        path: PathBuf,
        /// The base model that the adapter names.
        base: Option<String>,
    },
    /// The name of a model that is bundled with the program `align`, where it is not available.
    #[error("{} is a model that is bundled with the program `align`: give the path of its folder", printable(name))]
    Bundled {
        /// The name.
        name: String,
    },
    /// A score that cannot be computed from the model's outputs, or that is ambiguous.
    #[error("{}", printable(.0))]
    Score(String),
    /// The output of a model is NaN or infinite.
    #[error("{what} {number} {}", not_finite(tensor.as_deref()))]
    NotFinite {
        /// What is not finite, such as `the logits of text`.
        what: &'static str,
        /// The number of the text, row or prompt.
        number: u64,
        /// The name of the first tensor of weights that is not finite; none if all weights are finite.
        tensor: Option<String>,
    },
    /// Inputs with invalid shapes or values.
    #[error("{0}")]
    Input(String),
    /// An operation failed in LibTorch.
    #[error("LibTorch: {0}")]
    Torch(#[from] tch::TchError),
    /// A matrix product failed in oneDNN.
    #[error(transparent)]
    PackedLinear(#[from] align_torch::PackedLinearError),
}

impl From<align_gguf::GgufError> for Error {
    fn from(error: align_gguf::GgufError) -> Self {
        Self::Checkpoint(error.into())
    }
}

/// The folder of the model in the folder of a run.
pub(crate) const MODEL_OF_RUN: &str = "model";

/// The start of the hub's part of a message.
#[cfg(feature = "hub")]
fn not_found_on_hub(problem: &align_hub::HubError) -> &'static str {
    match problem {
        align_hub::HubError::Unreachable { .. } => "the hub was not searched: ",
        _ => "",
    }
}

/// The result of a fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Explains why outputs may not be finite, and what to do.
fn not_finite(tensor: Option<&str>) -> String {
    match tensor {
        Some(tensor) => format!(
            "are NaN or infinite, because the model's weights {} are: use an earlier checkpoint",
            printable(tensor)
        ),
        None => "are NaN or infinite, though all weights are finite: try float32".to_owned(),
    }
}
