use align_base::{printable, printable_line};

/// What can go wrong in this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A table or a profile is empty.
    #[error("there are no {0}: expected at least one")]
    Empty(&'static str),
    /// Two judges have the same name.
    #[error("two judges are named {}: expected different names", printable_line(.0))]
    JudgeTwice(String),
    /// A judge has too many or too few scores.
    #[error("judge {}: expected a score or an abstention for each of the {candidates} candidates, found {scores}", printable_line(.judge))]
    ScoreCount {
        /// The judge.
        judge: String,
        /// Number of candidates.
        candidates: usize,
        /// Number of scores.
        scores: usize,
    },
    /// A score is not finite.
    #[error(
        "judge {}, candidate {}: the score is {value}, expected a finite number: leave the score out if the judge abstains",
        printable_line(.judge), printable_line(.candidate)
    )]
    ScoreNotFinite {
        /// The judge.
        judge: String,
        /// The candidate.
        candidate: String,
        /// The score.
        value: f64,
    },
    /// A weight is negative or not finite.
    #[error("the weight of {} is {weight}, expected a finite number of at least 0", printable_line(.of))]
    Weight {
        /// The judge or the ballot.
        of: String,
        /// The weight.
        weight: f64,
    },
    /// A weight would vanish beside the greatest one.
    #[error(
        "the weight of {} is {weight}, less than a billionth of the greatest weight, {greatest}: set it to 0, or bring the weights closer",
        printable_line(.of)
    )]
    WeightTooSmall {
        /// The judge or the ballot.
        of: String,
        /// The weight.
        weight: f64,
        /// The greatest weight.
        greatest: f64,
    },
    /// All weights are 0.
    #[error("all weights are 0: expected a positive weight")]
    WeightsAllZero,
    /// A ballot ranks a candidate that does not exist.
    #[error("ballot {ballot} ranks candidate {candidate}, but there are {candidates} candidates, counted from 0")]
    BallotCandidate {
        /// The ballot, from one.
        ballot: usize,
        /// The candidate's index.
        candidate: usize,
        /// Number of candidates.
        candidates: usize,
    },
    /// A ballot ranks a candidate twice.
    #[error("ballot {ballot} ranks {} twice", printable_line(.candidate))]
    BallotTwice {
        /// The ballot, from one.
        ballot: usize,
        /// The candidate.
        candidate: String,
    },
    /// A line of a profile in text form is invalid.
    #[error("line {line}: {problem}, expected a form such as \"3: A > B = C\"")]
    BallotText {
        /// The line, from one.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// The order that breaks ties is not a permutation of the candidates.
    #[error("the order that breaks ties must have each of the {candidates} candidates once, found {found}")]
    TieBreakOrder {
        /// Number of candidates.
        candidates: usize,
        /// What the order has instead.
        found: String,
    },
    /// No rule has this name.
    #[error("unknown rule {}: expected one of {}", printable(.found), .names.join(", "))]
    UnknownRule {
        /// The name.
        found: String,
        /// The valid names.
        names: Vec<&'static str>,
    },
    /// The part of a rule's name after the colon is invalid.
    #[error("rule {rule}: found {}, expected {expected}", printable(.found))]
    RuleParameter {
        /// The rule.
        rule: &'static str,
        /// The parameter.
        found: String,
        /// The valid parameters.
        expected: &'static str,
    },
    /// A rule that compares scores was applied to rankings.
    #[error("rule {0} needs scores, but a profile has rankings only: apply it to a table of scores")]
    NeedsScores(String),
    /// The option for unranked candidates has no effect on a rule.
    #[error(
        "rule {0} does not use rankings, so that the option for unranked candidates has no effect: leave it at its default"
    )]
    UnrankedWithoutEffect(String),
    /// A threshold is for a judge that does not exist.
    #[error("threshold: there is no judge {}, expected one of {}", printable_line(.judge), printable_line(&.judges.join(", ")))]
    UnknownJudge {
        /// The judge.
        judge: String,
        /// The names of the judges.
        judges: Vec<String>,
    },
    /// Thresholds leave no judge for the objective.
    #[error(
        "threshold: every judge with a positive weight has a threshold, so that none is left for the objective: add a judge or remove a threshold"
    )]
    NoObjective,
    /// Scores are below the zero point of the Nash product: the lowest one.
    #[error(
        "judge {}, candidate {}: the score {score} is below the zero point {zero} of the Nash product: choose a lower one, such as nash:{score}",
        printable_line(.judge), printable_line(.candidate)
    )]
    BelowZeroPoint {
        /// The judge.
        judge: String,
        /// The candidate.
        candidate: String,
        /// The score.
        score: f64,
        /// The zero point.
        zero: f64,
    },
    /// A result overflows float64.
    #[error("the scores are too large: the {0} overflows float64; scale them down")]
    Overflow(&'static str),
    /// The linear program of maximal lotteries was not solved.
    #[error("maximal-lotteries: the linear program was not solved: {0}")]
    LinearProgram(String),
}

/// The result of a fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;
