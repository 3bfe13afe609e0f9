use crate::{FDivergence, LossType};
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
    /// Label smoothing where the loss would ignore it.
    #[error(
        "label_smoothing is {label_smoothing}, which loss_type {loss_type} would ignore: set it to 0, or use loss_type \
         sigmoid, robust, exo_pair, aot or aot_unpaired"
    )]
    IgnoredLabelSmoothing {
        /// The loss.
        loss_type: LossType,
        /// The label smoothing.
        label_smoothing: f64,
    },
    /// A divergence where the loss would ignore it.
    #[error(
        "the divergence is {}, which loss_type {loss_type} would ignore, being derived for reverse_kl: use that, or a \
         loss_type on scores such as sigmoid",
        divergence.name()
    )]
    IgnoredDivergence {
        /// The loss.
        loss_type: LossType,
        /// The divergence.
        divergence: FDivergence,
    },
    /// DiscoPOP's temperature where there is no DiscoPOP.
    #[error("discopop_tau is {tau}, which loss_type {loss_type} would ignore: leave it out, or use loss_type discopop")]
    IgnoredTau {
        /// The loss.
        loss_type: LossType,
        /// The temperature.
        tau: f64,
    },
    /// A length-normalised loss without lengths.
    #[error(
        "loss_type {0} divides by each completion's number of tokens: pass them as `tokens`, or use loss_type ipo_sum or sigmoid"
    )]
    MissingTokens(LossType),
    /// LibTorch refused an operation.
    #[error("LibTorch: {0}")]
    Torch(#[from] tch::TchError),
}

/// The result of a fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;
