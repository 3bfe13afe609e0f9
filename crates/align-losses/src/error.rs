use crate::{LossOption, LossType};
use tch::{Device, Kind};

/// Errors of this crate.
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
    /// A tensor is on another device than the others.
    #[error("{argument}: expected on {expected:?}, found on {found:?}")]
    Device {
        /// The argument.
        argument: &'static str,
        /// The device of the others.
        expected: Device,
        /// The device of the tensor.
        found: Device,
    },
    /// A token id outside the vocabulary.
    #[error(
        "{argument}: expected token ids from 0 to {last}, found {found}: give masked positions an id in this range"
    )]
    TokenId {
        /// The argument.
        argument: &'static str,
        /// The largest id of the vocabulary.
        last: i64,
        /// An id outside this range.
        found: i64,
    },
    /// A hyper-parameter outside its range.
    #[error("{name}: expected {expected}, found {found}")]
    Hyperparameter {
        /// The name of the hyper-parameter.
        name: &'static str,
        /// The valid range.
        expected: &'static str,
        /// The value.
        found: f64,
    },
    /// An option that the loss would ignore.
    #[error(
        "{option} is {value}, which loss_type {loss_type} would ignore: {}, or use loss_type {}",
        option.removal(),
        takers(*option)
    )]
    IgnoredOption {
        /// The option.
        option: LossOption,
        /// The value of the option.
        value: String,
        /// The loss.
        loss_type: LossType,
    },
    /// Weights of pairs for a loss that depends on the whole batch.
    #[error(
        "loss_type {0} depends on the whole batch, so it does not support weights of pairs: remove them, or use a loss on single pairs \
         such as sigmoid"
    )]
    PairWeightsNotSupported(LossType),
    /// A weighted sum without losses.
    #[error("a weighted sum needs at least one loss")]
    NoLosses,
    /// A weighted sum of losses with different `beta`.
    #[error(
        "the losses of a weighted sum have beta {first} and {other}, but their rewards need one beta: give all losses the same"
    )]
    DifferentBetas {
        /// The `beta` of the first loss.
        first: f64,
        /// A different `beta`.
        other: f64,
    },
    /// Soft labels together with one label smoothing for all pairs.
    #[error(
        "soft_labels conflicts with label_smoothing {0}: the probability of each pair takes its place: set label_smoothing to 0"
    )]
    SoftLabelsWithSmoothing(f64),
    /// Soft labels for a loss that depends on the whole batch.
    #[error(
        "soft labels need a loss of single pairs, but {0} couples the pairs of a batch: use another loss; if each loss of your own type depends \
         on one pair only, return false from PairLoss::couples_batch"
    )]
    SoftLabelsOfBatch(String),
    /// Numbers of the pairs that a loss needs, which are not set.
    #[error("{option} needs {needed} of each pair: pass them with PairLogps::{method}")]
    MissingPairNumbers {
        /// The option of the loss.
        option: LossOption,
        /// The numbers.
        needed: &'static str,
        /// The method that sets them.
        method: &'static str,
    },
    /// A loss that needs the numbers of tokens, which are not set.
    #[error("{0} needs the number of tokens of each completion: pass them with PairLogps::with_tokens")]
    MissingTokens(&'static str),
    /// A loss with a KL penalty without the log-probabilities of the reference model.
    #[error(
        "beta is above 0, so the loss needs the log-probabilities of the reference model: pass them with \
         PolicyTokens::with_reference_logps"
    )]
    MissingReferenceLogps,
    /// An option of a policy-gradient loss that does not fit the others.
    #[error("{option} {reason}")]
    GroupPolicyOption {
        /// The option.
        option: &'static str,
        /// What is wrong with it and what to do: the rest of a sentence that begins with the option.
        reason: String,
    },
    /// Rewards whose number does not fit.
    #[error("{what}: expected {expected}, found {found}")]
    RewardCount {
        /// What they are.
        what: String,
        /// How many there should be.
        expected: String,
        /// How many there are.
        found: usize,
    },
    /// A reward that is not finite.
    #[error(
        "{what} of completion {completion}: expected a finite number, found {value}: leave out a reward that cannot be computed"
    )]
    RewardNotFinite {
        /// Which reward, such as that of a function.
        what: String,
        /// The completion, counted from 1.
        completion: usize,
        /// The reward.
        value: f64,
    },
    /// Hidden states of different layers, or of none.
    #[error(
        "hidden states: found {policy} layers of the policy and {reference} of the reference model, expected the same layers, at least one"
    )]
    Layers {
        /// The number of layers of the policy.
        policy: usize,
        /// The number of layers of the reference model.
        reference: usize,
    },
    /// `log_sum_sq_probs` without `statistics`.
    #[error(
        "log_sum_sq_probs is a statistic, but statistics is false: set statistics to true, or log_sum_sq_probs to false"
    )]
    StatisticsDisabled,
    /// A LibTorch error.
    #[error("LibTorch: {0}")]
    Torch(#[from] tch::TchError),
}

/// The result of a fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// The losses that take an option.
fn takers(option: LossOption) -> String {
    LossType::ALL.into_iter().filter(|loss| loss.takes(option)).map(LossType::name).collect::<Vec<_>>().join(" or ")
}
