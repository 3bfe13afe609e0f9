use std::fmt;

/// Any error of the align crates, with its original message.
///
/// Its `Debug` output is the message and its causes, so that `fn main() -> align::Result<()>` prints a readable error.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An error of a training run, a trainer or a checkpoint.
    #[error(transparent)]
    Train(#[from] align_train::Error),
    /// An error of a model, its weights, or generation.
    #[error(transparent)]
    Model(#[from] align_models::Error),
    /// An error of texts, tables, tokenisers or batches.
    #[error(transparent)]
    Data(#[from] align_data::Error),
    /// An error of text generation or a reward model.
    #[error(transparent)]
    Inference(#[from] align_inference::Error),
    /// An error of a loss.
    #[error(transparent)]
    Loss(#[from] align_losses::Error),
    /// An error of a metric.
    #[error(transparent)]
    Metric(#[from] align_metrics::Error),
    /// An error of a voting rule.
    #[error(transparent)]
    Choice(#[from] align_choice::Error),
    /// An error of on-policy rounds.
    #[error(transparent)]
    Online(#[from] align_online::Error),
    /// An error of a reward function.
    #[error(transparent)]
    Reward(#[from] align_rewards::Error),
    /// An error of an audit.
    #[error(transparent)]
    Audit(#[from] align_audit::Error),
    /// A device that is not available.
    #[error(transparent)]
    Device(#[from] align_torch::DeviceError),
    /// A LibTorch error.
    #[error("LibTorch: {0}")]
    Torch(#[from] tch::TchError),
    /// An error of the Hugging Face hub or its cache.
    #[cfg(feature = "hub")]
    #[error(transparent)]
    Hub(#[from] align_models::hub::HubError),
    /// An error of a figure or a report.
    #[cfg(feature = "report")]
    #[error(transparent)]
    Report(#[from] align_report::Error),
    /// A setting of an MLflow server that cannot be used.
    #[cfg(feature = "trackers")]
    #[error(transparent)]
    Tracker(#[from] align_trackers::mlflow::SettingError),
    /// An error of a sweep.
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
