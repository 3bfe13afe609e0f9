use std::fmt;

/// Any error of the align crates, with the message of the crate that it comes from.
///
/// Its `Debug` is that message and its causes too, so that `fn main() -> align::Result<()>` ends with words for people.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A training run, a trainer or a checkpoint.
    #[error(transparent)]
    Train(#[from] align_train::Error),
    /// A model, a checkpoint's weights, or generation.
    #[error(transparent)]
    Model(#[from] align_models::Error),
    /// Texts, tables, tokenisers or batches.
    #[error(transparent)]
    Data(#[from] align_data::Error),
    /// Texts of a model, or scores of a reward model.
    #[error(transparent)]
    Inference(#[from] align_inference::Error),
    /// A loss.
    #[error(transparent)]
    Loss(#[from] align_losses::Error),
    /// A metric.
    #[error(transparent)]
    Metric(#[from] align_metrics::Error),
    /// A device that is not there.
    #[error(transparent)]
    Device(#[from] align_torch::DeviceError),
    /// LibTorch refused an operation.
    #[error("LibTorch: {0}")]
    Torch(#[from] tch::TchError),
    /// The Hugging Face hub, or its cache.
    #[cfg(feature = "hub")]
    #[error(transparent)]
    Hub(#[from] align_models::hub::HubError),
    /// A figure or a page.
    #[cfg(feature = "report")]
    #[error(transparent)]
    Report(#[from] align_report::Error),
    /// A sweep.
    #[cfg(feature = "frontier")]
    #[error(transparent)]
    Frontier(#[from] align_frontier::Error),
}

/// The result of a fallible function of the align crates.
pub type Result<T> = std::result::Result<T, Error>;

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut cause = std::error::Error::source(self);
        while let Some(inner) = cause {
            write!(f, "\n  because {inner}")?;
            cause = inner.source();
        }
        Ok(())
    }
}

impl From<align_models::generation::GenerationError> for Error {
    fn from(error: align_models::generation::GenerationError) -> Self {
        Self::Model(error.into())
    }
}

impl From<align_models::checkpoint::CheckpointError> for Error {
    fn from(error: align_models::checkpoint::CheckpointError) -> Self {
        Self::Model(error.into())
    }
}
