use align_base::printable;

/// What can go wrong in this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing to compute from.
    #[error("there are no {0}: nothing to compute from")]
    Empty(&'static str),
    /// A value that is not finite.
    #[error("row {row}: the score is {value}, expected a finite number: score the text again or leave the row out")]
    NotFinite {
        /// The row, from one.
        row: usize,
        /// Its value.
        value: f64,
    },
    /// Not as many scores as texts.
    #[error("expected a score for each of the {texts} texts, found {scores}")]
    Lengths {
        /// Number of texts.
        texts: usize,
        /// Number of scores.
        scores: usize,
    },
    /// An option outside its range.
    #[error("{option}: expected {expected}, found {found}")]
    Option {
        /// The option.
        option: &'static str,
        /// Its range.
        expected: String,
        /// Its value.
        found: String,
    },
    /// A value that the quantity cannot have.
    #[error("row {row}: the {what} is {value}, expected {expected}")]
    Value {
        /// What it is a value of.
        what: &'static str,
        /// The row, from one.
        row: usize,
        /// The value.
        value: f64,
        /// What it may be.
        expected: &'static str,
    },
    /// Two lists that belong together are not of one length.
    #[error("expected {expected} {what}, one for each of the {of}, found {found}")]
    Count {
        /// What the list holds.
        what: &'static str,
        /// What each of them belongs to.
        of: &'static str,
        /// Its length as it should be.
        expected: usize,
        /// Its length.
        found: usize,
    },
    /// Too little to say how far a number may be off, or to compute it at all.
    #[error("expected at least {least} {what}, found {found}")]
    TooFew {
        /// What there is too little of.
        what: &'static str,
        /// The least number.
        least: usize,
        /// Their number.
        found: usize,
    },
    /// Values without spread, where only their order or their spread says something.
    #[error("the {0} are all the same: there is nothing to compare by")]
    Constant(&'static str),
    /// A ratio of probabilities whose mean or variance float64 does not hold.
    #[error(
        "row {row}: the other model gives the text e^{log_ratio:.0} times its writer's probability, more than float64 can \
         average: use the estimator k1, for the opposite direction on texts of the other model"
    )]
    RatioOverflow {
        /// The row with the greatest ratio, from one.
        row: usize,
        /// The ratio's logarithm.
        log_ratio: f64,
    },
    /// A number that float64 does not hold.
    #[error("the {0} are too large: float64 does not hold their {1}; scale them down")]
    Overflow(&'static str, &'static str),
    /// A tensor that only one of two models has.
    #[error("tensor {}: only the {side} model has it", printable(.name))]
    TensorMissing {
        /// The tensor.
        name: String,
        /// The model that has it: first or second.
        side: &'static str,
    },
    /// A tensor that one model has twice.
    #[error("tensor {}: the {side} model has it twice", printable(.name))]
    TensorTwice {
        /// The tensor.
        name: String,
        /// The model: first or second.
        side: &'static str,
    },
    /// A tensor whose size differs between two models.
    #[error("tensor {}: {first} elements in the first model, {second} in the second", printable(.name))]
    TensorSize {
        /// The tensor.
        name: String,
        /// Its elements in the first model.
        first: usize,
        /// Its elements in the second model.
        second: usize,
    },
    /// A weight that is not finite.
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
    /// A curve that is none.
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
