use align_base::printable_line;

/// Scores of judges that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JudgesError {
    /// A file lacks the column of a judge.
    #[error("{origin}: there is no column {} with the scores of a judge, found {}", printable_line(&format!("{judge:?}")), printable_line(&columns.join(", ")))]
    UnknownJudge {
        /// The file.
        origin: String,
        /// The judge.
        judge: String,
        /// The columns that the file has besides prompt and text.
        columns: Vec<String>,
    },
    /// A judge scores no text.
    #[error("{origin}, column {judge:?}: no row has a score: leave the judge out")]
    NoScores {
        /// The file, or the kind of table.
        origin: String,
        /// The judge.
        judge: String,
    },
    /// A row has a wrong number of scores.
    #[error("{origin}, row {row}: expected a score or an abstention for each of {judges} judges, found {found}")]
    ScoreCount {
        /// The file, or the kind of table.
        origin: String,
        /// The row, counted from 1.
        row: usize,
        /// The number of judges.
        judges: usize,
        /// The number of scores.
        found: usize,
    },
    /// A judge gives one text different scores.
    #[error(
        "{origin}, row {row}, column {judge:?}: the score is {score}, but row {earlier} has the same prompt and text with {earlier_score}: \
         keep one of the rows"
    )]
    TwoScores {
        /// The file, or the kind of table.
        origin: String,
        /// The row, counted from 1.
        row: usize,
        /// The judge.
        judge: String,
        /// The score.
        score: f64,
        /// The earlier row with the same prompt and text.
        earlier: usize,
        /// Its score.
        earlier_score: f64,
    },
    /// A prompt has too many texts.
    #[error(
        "{origin}, row {row}: its prompt has {texts} texts, expected at most {most}: the time that rules take grows with their cube"
    )]
    TooManyTexts {
        /// The file, or the kind of table.
        origin: String,
        /// The first row of the prompt, counted from 1.
        row: usize,
        /// The number of texts.
        texts: usize,
        /// The greatest number.
        most: usize,
    },
    /// The judges, or a rule that does not suit the scores.
    #[error("{origin}: {problem}")]
    Rule {
        /// The file, or the kind of table.
        origin: String,
        /// What is wrong.
        problem: align_choice::Error,
    },
}
