use crate::{LossOption, LossType};
use tch::{Device, Kind};

/// What can go wrong in this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A tensor's shape does not fit.
    #[error("{argument}: expected shape {expected}, found {found:?}")]
    Shape {
        /// The argument.
        argument: &'static str,
        /// The shape it should have.
        expected: String,
        /// The shape it has.
        found: Vec<i64>,
    },
    /// A tensor's dtype does not fit.
    #[error("{argument}: expected {expected}, found {found:?}")]
    Kind {
        /// The argument.
        argument: &'static str,
        /// The dtypes it may have.
        expected: String,
        /// The dtype it has.
        found: Kind,
    },
    /// A tensor is elsewhere than the others.
    #[error("{argument}: expected on {expected:?}, found on {found:?}")]
    Device {
        /// The argument.
        argument: &'static str,
        /// Where the others are.
        expected: Device,
        /// Where it is.
        found: Device,
    },
    /// A token id outside the vocabulary.
    #[error(
        "{argument}: expected token ids from 0 to {last}, found {found}; mask positions without a token and give them any id"
    )]
    TokenId {
        /// The argument.
        argument: &'static str,
        /// The largest id of the vocabulary.
        last: i64,
        /// An id outside.
        found: i64,
    },
    /// A hyper-parameter outside its range.
    #[error("{name}: expected {expected}, found {found}")]
    Hyperparameter {
        /// Its name.
        name: &'static str,
        /// Its range, and what to do instead.
        expected: &'static str,
        /// Its value.
        found: f64,
    },
    /// An option that the loss would ignore.
    #[error(
        "{option} is {value}, which loss_type {loss_type} would ignore: {}, or use loss_type {}",
        option.without(),
        takers(*option)
    )]
    IgnoredOption {
        /// The option.
        option: LossOption,
        /// Its value.
        value: String,
        /// The loss.
        loss_type: LossType,
    },
    /// Weights of pairs where no loss belongs to a pair.
    #[error(
        "loss_type {0} is of the batch as a whole, so weights of its pairs mean nothing: leave them out, or use a loss of pairs such \
         as sigmoid"
    )]
    WeightsOfABatch(LossType),
    /// A sum of no losses.
    #[error("a weighted sum needs at least one loss")]
    NoLosses,
    /// A sum of losses that measure rewards differently.
    #[error("losses with beta {first} and {other} stand in one sum, whose rewards have one beta: give them the same")]
    UnlikeBetas {
        /// The first loss's.
        first: f64,
        /// Another's.
        other: f64,
    },
    /// A loss that needs lengths without them.
    #[error("{0} needs each completion's number of tokens: pass them with PairLogps::with_tokens")]
    MissingTokens(&'static str),
    /// A statistic without the statistics.
    #[error(
        "log_sum_sq_probs is one of the statistics, which are off: set statistics to true, or log_sum_sq_probs to false"
    )]
    StatisticsOff,
    /// LibTorch refused an operation.
    #[error("LibTorch: {0}")]
    Torch(#[from] tch::TchError),
}

/// The result of a fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// The losses that take an option.
fn takers(option: LossOption) -> String {
    LossType::ALL.into_iter().filter(|loss| loss.takes(option)).map(LossType::name).collect::<Vec<_>>().join(" or ")
}
