use align_base::printable;

/// What can go wrong in this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An input is empty.
    #[error("there are no {0}: nothing to compute from")]
    Empty(&'static str),
    /// A score is not finite.
    #[error("row {row}: the score is {value}, expected a finite number: score the text again or leave the row out")]
    NotFinite {
        /// The row, from one.
        row: usize,
        /// The value.
        value: f64,
    },
    /// The numbers of scores and texts differ.
    #[error("expected a score for each of the {texts} texts, found {scores}")]
    Lengths {
        /// Number of texts.
        texts: usize,
        /// Number of scores.
        scores: usize,
    },
    /// Scores of judges that do not suit a voting rule.
    #[error(transparent)]
    Rule(align_choice::Error),
    /// An option is out of range.
    #[error("{option}: expected {expected}, found {found}")]
    Option {
        /// The option.
        option: &'static str,
        /// Its range.
        expected: String,
        /// Its value.
        found: String,
    },
    /// A value is invalid.
    #[error("row {row}: the {what} is {value}, expected {expected}")]
    Value {
        /// The quantity.
        what: &'static str,
        /// The row, from one.
        row: usize,
        /// The value.
        value: f64,
        /// The valid values.
        expected: &'static str,
    },
    /// Two lists that belong together have different lengths.
    #[error("expected {expected} {what}, one for each of the {of}, found {found}")]
    Count {
        /// The items of the list.
        what: &'static str,
        /// The items of the other list.
        of: &'static str,
        /// The expected length.
        expected: usize,
        /// The actual length.
        found: usize,
    },
    /// There are too few items to compute a value or its confidence interval.
    #[error("expected at least {least} {what}, found {found}")]
    TooFew {
        /// The items.
        what: &'static str,
        /// The minimum number.
        least: usize,
        /// The actual number.
        found: usize,
    },
    /// All values are equal, but the metric needs different ones.
    #[error("the {0} are all the same, but different ones are needed")]
    Constant(&'static str),
    /// A ratio of probabilities is too large for the computation in float64.
    #[error(
        "row {row}: the probability of the text under the other model is e^{log_ratio:.0} times that under its writer, which is too large \
         for float64: use the estimator k1; for the reverse KL divergence use k1 on texts of the other model"
    )]
    RatioOverflow {
        /// The row with the greatest ratio, from one.
        row: usize,
        /// The ratio's logarithm.
        log_ratio: f64,
    },
    /// A result overflows float64.
    #[error("the {0} are too large: their {1} overflow float64; scale them down")]
    Overflow(&'static str, &'static str),
    /// Only one of the two models has a tensor.
    #[error("tensor {}: only the {side} model has it", printable(.name))]
    TensorMissing {
        /// The tensor.
        name: String,
        /// The model that has it: first or second.
        side: &'static str,
    },
    /// A model has a tensor twice.
    #[error("tensor {}: the {side} model has it twice", printable(.name))]
    TensorTwice {
        /// The tensor.
        name: String,
        /// The model: first or second.
        side: &'static str,
    },
    /// A tensor has different sizes in the two models.
    #[error("tensor {}: {first} elements in the first model, {second} in the second", printable(.name))]
    TensorSize {
        /// The tensor.
        name: String,
        /// Its elements in the first model.
        first: usize,
        /// Its elements in the second model.
        second: usize,
    },
    /// A weight is not finite.
    #[error("tensor {}, element {element}: {value} in the {side} model, expected a finite number", printable(.name))]
    TensorValue {
        /// The tensor.
        name: String,
        /// The element, from one, in row-major order.
        element: usize,
        /// The model: first or second.
        side: &'static str,
        /// The weight.
        value: f32,
    },
    /// A curve is invalid.
    #[error("curve {curve}, point {point}: {problem}")]
    Curve {
        /// The curve, from one.
        curve: usize,
        /// Its point, from one.
        point: usize,
        /// What is wrong, and what to do.
        problem: &'static str,
    },
}

/// The result of a fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;
