/// Errors of on-policy rounds.
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
    /// Texts of a round that cannot be used.
    #[error("round {round}: {problem}")]
    Round {
        /// The round, counted from 1.
        round: u64,
        /// What is wrong and what to do.
        problem: String,
    },
    /// An error of a model that generates or scores texts.
    #[error(transparent)]
    Inference(#[from] align_inference::Error),
    /// An error of training.
    #[error(transparent)]
    Train(#[from] align_train::Error),
}

/// The result of on-policy rounds.
pub type Result<T> = std::result::Result<T, Error>;

impl From<Error> for align_train::Error {
    /// For observers, whose errors are those of training.
    fn from(problem: Error) -> Self {
        match problem {
            Error::Config { option, reason } => Self::Config { option, reason },
            Error::Train(problem) => problem,
            other => Self::Data(other.to_string()),
        }
    }
}
