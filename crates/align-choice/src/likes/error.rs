use align_base::printable;

/// What can be wrong with likes and their options.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LikesError {
    /// A count that is negative, fractional, too large or not a number.
    #[error("{name} is {found}, expected a whole number from 0 to 2^53")]
    Count {
        /// What is counted: likes, dislikes or views.
        name: &'static str,
        /// The count.
        found: f64,
    },
    /// More likes than views.
    #[error("found {likes} likes and {views} views, expected at most one like per view")]
    LikesAboveViews {
        /// The likes.
        likes: f64,
        /// The views.
        views: f64,
    },
    /// More reactions than views.
    #[error("found {likes} likes, {dislikes} dislikes and {views} views, expected at most one reaction per view")]
    ReactionsAboveViews {
        /// The likes.
        likes: f64,
        /// The dislikes.
        dislikes: f64,
        /// The views.
        views: f64,
    },
    /// A measure that needs a count which is not known.
    #[error("the measure {measure} needs {needed}, which the texts do not have")]
    MissingCount {
        /// The name of the measure.
        measure: &'static str,
        /// The count.
        needed: &'static str,
    },
    /// A time that is not a number.
    #[error("the time is {0}, expected a finite number of seconds since 1970")]
    Time(f64),
    /// A text that was posted after its likes were counted.
    #[error("the time is {time} s since 1970, expected a time before {as_of} s, when the likes were counted{}", milliseconds(*.time, *.as_of))]
    TimeInFuture {
        /// When the text was posted.
        time: f64,
        /// When the likes were counted.
        as_of: f64,
    },
    /// A text that was posted before its thread began.
    #[error("the time is {time} s since 1970, expected a time from {start} s on, when the thread began")]
    TimeBeforeThread {
        /// When the text was posted.
        time: f64,
        /// When the thread began.
        start: f64,
    },
    /// An exposure that is not positive.
    #[error("the exposure is {0}, expected a finite number above 0")]
    Exposure(f64),
    /// An option with an invalid value.
    #[error("option {option}: expected {expected}, found {}", printable(.found))]
    Option {
        /// The option.
        option: &'static str,
        /// The valid values.
        expected: &'static str,
        /// The value.
        found: String,
    },
    /// A prior of another kind than the counts.
    #[error("the prior is a {prior} distribution, but counts {evidence} need a {needed} distribution")]
    PriorKind {
        /// The kind of the prior.
        prior: &'static str,
        /// What the counts are of.
        evidence: &'static str,
        /// The kind that they need.
        needed: &'static str,
    },
    /// Counts that do not determine a prior.
    #[error("no prior can be estimated, because {0}: give one (`prior`)")]
    NoPrior(&'static str),
    /// Two posteriors that are about different quantities.
    #[error("a share of likes and a rate of likes cannot be compared: use one measure for both texts")]
    DifferentMeasures,
}

/// A hint for a time that is about a thousand times too large.
fn milliseconds(time: f64, as_of: f64) -> &'static str {
    if time > 100.0 * as_of { ": give seconds; this seems to be in milliseconds" } else { "" }
}
