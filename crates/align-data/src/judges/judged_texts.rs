use super::{JudgeWeights, JudgesError};
use crate::{Error, Result};
use align_choice::{Judge, ScoreTable};

/// What a score must be, for error messages.
pub(crate) const SCORE: &str = "a finite number, or nothing if the judge abstains";

/// A text for a prompt, with the score of each judge.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgedText {
    /// The prompt.
    pub prompt: String,
    /// The text; it may begin with the prompt.
    pub text: String,
    /// The scores, higher is better. `None` if the judge abstains.
    pub scores: Vec<Option<f64>>,
}

/// Texts with prompts, and their scores by several judges.
///
/// ```
/// use align_data::judges::JudgedTexts;
///
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("judged.csv");
/// std::fs::write(&file, "prompt,text,helpful,safe\nWhy?,Because.,0.2,0.9\nWhy?,No.,0.1,\n")?;
/// let texts = JudgedTexts::read(&file, &["helpful", "safe"])?.weighted(&"safe=2".parse()?)?;
/// assert_eq!(texts.rows()[1].scores, [Some(0.1), None]); // the second judge abstains
/// assert_eq!(texts.prompts()?[0].table().judges()[1].weight(), 2.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct JudgedTexts {
    judges: Vec<String>,
    weights: Vec<f64>,
    rows: Vec<JudgedText>,
    origin: String,
}

impl JudgedTexts {
    /// Texts with the names of their judges, which have weight 1.
    ///
    /// # Errors
    /// No judges, or two with one name; a row with another number of scores; a score that is not finite; a judge without any score.
    pub fn new<S: Into<String>>(judges: impl IntoIterator<Item = S>, rows: Vec<JudgedText>) -> Result<Self> {
        Self::of_origin("judged texts".to_owned(), judges.into_iter().map(Into::into).collect(), rows)
    }

    /// The same with the name of a file for messages.
    pub(crate) fn of_origin(origin: String, judges: Vec<String>, rows: Vec<JudgedText>) -> Result<Self> {
        let weights = vec![1.0; judges.len()];
        check_judges(&origin, &judges, &weights)?;
        let texts = Self { judges, weights, rows, origin };
        for (row, text) in (1..).zip(&texts.rows) {
            if text.scores.len() != texts.judges.len() {
                let (origin, judges, found) = (texts.origin.clone(), texts.judges.len(), text.scores.len());
                return Err(JudgesError::ScoreCount { origin, row, judges, found }.into());
            }
            let scores = texts.judges.iter().zip(&text.scores);
            if let Some((judge, score)) = scores.filter_map(|(j, s)| Some((j, (*s)?))).find(|(_, s)| !s.is_finite()) {
                return Err(Error::Cell {
                    origin: texts.origin.clone(),
                    row,
                    column: judge.clone(),
                    expected: SCORE.into(),
                    found: score.to_string(),
                });
            }
        }
        for (at, judge) in texts.judges.iter().enumerate() {
            let has_score = |text: &JudgedText| text.scores.get(at).is_some_and(Option::is_some);
            if !texts.rows.is_empty() && !texts.rows.iter().any(has_score) {
                return Err(JudgesError::NoScores { origin: texts.origin.clone(), judge: judge.clone() }.into());
            }
        }
        Ok(texts)
    }

    /// The texts with other weights of their judges.
    ///
    /// # Errors
    /// As [`JudgeWeights::of`].
    pub fn weighted(self, weights: &JudgeWeights) -> Result<Self> {
        let weights = weights.of(&self.judges)?;
        check_judges(&self.origin, &self.judges, &weights)?;
        Ok(Self { weights, ..self })
    }

    /// The names of the judges.
    #[must_use]
    pub fn judges(&self) -> &[String] {
        &self.judges
    }

    /// The weight of each judge.
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The rows.
    #[must_use]
    pub fn rows(&self) -> &[JudgedText] {
        &self.rows
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    pub(crate) fn rule_error(&self, problem: align_choice::Error) -> Error {
        JudgesError::Rule { origin: self.origin.clone(), problem }.into()
    }
}

/// Checks names and weights by a table without scores.
pub(crate) fn check_judges(origin: &str, judges: &[String], weights: &[f64]) -> Result<()> {
    let named = judges.iter().zip(weights);
    let named = named.map(|(name, weight)| Judge::with_abstentions(name, [None]).weighted(*weight));
    let rule_error = |problem| JudgesError::Rule { origin: origin.to_owned(), problem }.into();
    ScoreTable::new(["row"], named).map(|_| ()).map_err(rule_error)
}
