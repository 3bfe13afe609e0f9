use crate::checkpoint::{CheckpointError, Mismatch};
use crate::generation::GenerationError;
use align_base::{printable, printable_path};
use align_torch::bytes_in_words;
use std::path::PathBuf;

/// What can go wrong in this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A `config.json` that cannot be read or describes no model of this crate.
    #[error("{}: {}", printable_path(path), printable(reason))]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong with it and what to do.
        reason: String,
    },
    /// A checkpoint that cannot be read or does not fit its config.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Generation options or inputs that cannot be honoured.
    #[error(transparent)]
    Generation(#[from] GenerationError),
    /// A model's name that stands for no folder, where the hub is not asked.
    #[cfg(not(feature = "hub"))]
    #[error("{}: no such folder; names on the hub need the feature `hub`", printable(name))]
    NoFolder {
        /// What was given.
        name: String,
    },
    /// A model that the hub, or its cache, does not give.
    #[cfg(feature = "hub")]
    #[error(transparent)]
    Hub(#[from] align_hub::HubError),
    /// A new model that would not fit into memory.
    #[error(
        "the config asks for a model of {weights} weights ({sizes}), which takes {}, and {} are left: make it smaller",
        bytes_in_words(*bytes), bytes_in_words(*available)
    )]
    ModelMemory {
        /// The config's fields that its size follows from, with their values.
        sizes: String,
        /// Number of weights.
        weights: u64,
        /// What they and their making take.
        bytes: u64,
        /// Bytes that are left.
        available: u64,
    },
    /// An option of a LoRA adapter that is out of range, or names what the model has not.
    #[error("option {option}: {}", printable(reason))]
    LoraOption {
        /// The option's name.
        option: &'static str,
        /// What is wrong with it and what to do.
        reason: String,
    },
    /// An adapter's weights that are not those that its options ask for.
    #[error("{}: the weights do not fit adapter_config.json and the model:{mismatch}", printable_path(path))]
    AdapterMismatch {
        /// The weights' file.
        path: PathBuf,
        /// Everything that does not fit.
        mismatch: Box<Mismatch>,
    },
    /// A score that the model's outputs do not give, or that is ambiguous.
    #[error("{}", printable(.0))]
    Score(String),
    /// A model that gives NaN or an infinity.
    #[error("{what} {number} {}", not_finite(tensor.as_deref()))]
    NotFinite {
        /// What is not finite, such as `the logits of text`.
        what: &'static str,
        /// The number of the text, row or prompt.
        number: u64,
        /// The first weights that are not finite, by name; none where all are.
        tensor: Option<String>,
    },
    /// Inputs whose shapes or values the model cannot take.
    #[error("{0}")]
    Input(String),
    /// LibTorch refused an operation.
    #[error("LibTorch: {0}")]
    Torch(#[from] tch::TchError),
    /// oneDNN refused a product.
    #[error(transparent)]
    PackedLinear(#[from] align_torch::PackedLinearError),
}

/// The result of a fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why numbers of a model may not be finite, and what to do.
fn not_finite(tensor: Option<&str>) -> String {
    match tensor {
        Some(tensor) => format!(
            "are NaN or infinite: the model's weights {} hold such numbers; take an earlier checkpoint",
            printable(tensor)
        ),
        None => "are NaN or infinite, though all weights are finite: try float32".to_owned(),
    }
}
