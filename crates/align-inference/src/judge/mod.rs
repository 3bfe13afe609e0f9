//! Judges: reward models, and numbers that are computed from a text alone.

mod language_model;
mod text_measure;

pub use language_model::MeanLogp;
pub use text_measure::TextMeasure;

use crate::{Result, RewardModel};
use align_data::CompletionExample;
use serde_json::Value;

/// Scores texts; higher is better.
///
/// [`RewardModel`], [`MeanLogp`] and [`TextMeasure`] are judges. A program can add its own.
///
/// ```
/// use align_data::CompletionExample;
/// use align_inference::{Judge, Result};
///
/// /// Prefers texts without exclamation marks.
/// struct Calm;
///
/// impl Judge for Calm {
///     fn scores_of_texts(&self, texts: &[&str]) -> Result<Vec<f64>> {
///         Ok(texts.iter().map(|text| -(text.matches('!').count() as f64)).collect())
///     }
///     fn scores_of_rows(&self, rows: &[CompletionExample]) -> Result<Vec<f64>> {
///         self.scores_of_texts(&rows.iter().map(align_inference::completion_text).collect::<Vec<_>>())
///     }
///     fn score_name(&self) -> String {
///         "exclamation marks, negated".to_owned()
///     }
///     fn identity(&self) -> Result<serde_json::Value> {
///         Ok(self.score_name().into())
///     }
/// }
/// assert_eq!(Calm.scores_of_texts(&["Stop!", "Wait."])?, [-1.0, 0.0]);
/// # Ok::<(), align_inference::Error>(())
/// ```
pub trait Judge {
    /// The score of each text.
    ///
    /// # Errors
    /// A text that cannot be scored.
    fn scores_of_texts(&self, texts: &[&str]) -> Result<Vec<f64>>;

    /// The score of each completion of a prompt, or of each conversation.
    ///
    /// # Errors
    /// A row that cannot be scored.
    fn scores_of_rows(&self, rows: &[CompletionExample]) -> Result<Vec<f64>>;

    /// The same for judges that may have no score for some rows, which then have `None`.
    ///
    /// # Errors
    /// A row that cannot be scored.
    fn optional_scores_of_rows(&self, rows: &[CompletionExample]) -> Result<Vec<Option<f64>>> {
        Ok(self.scores_of_rows(rows)?.into_iter().map(Some).collect())
    }

    /// What the score is, in a word or two, such as `log-odds:POSITIVE`.
    fn score_name(&self) -> String;

    /// What the scores depend on, besides the texts: a job that continues compares it with that of its beginning.
    ///
    /// # Errors
    /// It cannot be serialised.
    fn identity(&self) -> Result<Value>;
}

impl Judge for RewardModel {
    fn scores_of_texts(&self, texts: &[&str]) -> Result<Vec<f64>> {
        self.scores(texts)
    }

    fn scores_of_rows(&self, rows: &[CompletionExample]) -> Result<Vec<f64>> {
        self.scores_from_logits(&self.logits_of_rows(rows)?)
    }

    fn score_name(&self) -> String {
        self.score().to_string()
    }

    fn identity(&self) -> Result<Value> {
        let model = RewardModel::identity(self)?;
        Ok(serde_json::json!({ "model": model, "score": self.score() }))
    }
}

/// The text of a row that a model writes: the completion, or the last message of a conversation.
#[must_use]
pub fn completion_text(row: &CompletionExample) -> &str {
    match row {
        CompletionExample::Plain((_, completion)) => completion,
        CompletionExample::Conversation(row) => {
            row.completion.last().and_then(|message| message.content()).unwrap_or_default()
        }
    }
}
