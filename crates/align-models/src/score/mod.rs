//! Scores of texts, computed from the logits of a classifier or reward model.

mod default_score;
mod labels;
mod scorer;

pub use default_score::default_score;
pub use labels::{Labels, ProblemType};
pub use scorer::Scorer;

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How the score of a text is computed from the logits. Higher is better.
///
/// Its string form is `logit:LABEL`, `minus-logit:LABEL`, `log-odds:LABEL`, `probability:LABEL` or `scalar`, where `LABEL` is a name in
/// `id2label` of the config or the index of a label. [`Scorer::new`] checks it against a model's labels.
///
/// ```
/// use align_models::score::Score;
/// let score: Score = "log-odds:POSITIVE".parse()?;
/// assert_eq!(score, Score::LogOdds("POSITIVE".into()));
/// assert_eq!(score.to_string(), "log-odds:POSITIVE");
/// # Ok::<(), align_models::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[non_exhaustive]
pub enum Score {
    /// The logit of the label.
    Logit(String),
    /// The negated logit of the label. For the negative class this is the reward in the notebook.
    MinusLogit(String),
    /// `log p − log(1 − p)` of the label's probability `p`, in nats: with softmax its logit minus the logsumexp of the others, with
    /// sigmoid its logit.
    LogOdds(String),
    /// The probability of the label: by softmax, or by sigmoid if labels are not exclusive or there is a single output.
    Probability(String),
    /// The only output, of a reward model or a regression.
    Scalar,
}

/// The forms of a score, for messages.
pub(crate) const FORMS: &str = "logit:LABEL, minus-logit:LABEL, log-odds:LABEL, probability:LABEL or scalar";

impl Score {
    /// The label of the score.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        match self {
            Self::Logit(label) | Self::MinusLogit(label) | Self::LogOdds(label) | Self::Probability(label) => {
                Some(label)
            }
            Self::Scalar => None,
        }
    }

    /// The unit of its values, for tables and axes; empty if there is none.
    #[must_use]
    pub fn unit(&self) -> &'static str {
        match self {
            Self::Logit(_) | Self::MinusLogit(_) => "logit",
            Self::LogOdds(_) => "nats",
            Self::Probability(_) | Self::Scalar => "",
        }
    }

    /// The same score with another label.
    fn of_label(&self, name: String) -> Self {
        match self {
            Self::Logit(_) => Self::Logit(name),
            Self::MinusLogit(_) => Self::MinusLogit(name),
            Self::LogOdds(_) => Self::LogOdds(name),
            Self::Probability(_) => Self::Probability(name),
            Self::Scalar => Self::Scalar,
        }
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Logit(label) => write!(f, "logit:{label}"),
            Self::MinusLogit(label) => write!(f, "minus-logit:{label}"),
            Self::LogOdds(label) => write!(f, "log-odds:{label}"),
            Self::Probability(label) => write!(f, "probability:{label}"),
            Self::Scalar => f.write_str("scalar"),
        }
    }
}

impl FromStr for Score {
    type Err = crate::Error;

    fn from_str(text: &str) -> crate::Result<Self> {
        let wrong = || crate::Error::Score(format!("expected {FORMS}, found {text:?}"));
        // The name of a label may contain a colon.
        let Some((form, label)) = text.split_once(':') else {
            return if text == "scalar" { Ok(Self::Scalar) } else { Err(wrong()) };
        };
        if label.is_empty() {
            return Err(crate::Error::Score(format!("{text:?} has no label: write it after the colon")));
        }
        let label = label.to_owned();
        match form {
            "logit" => Ok(Self::Logit(label)),
            "minus-logit" => Ok(Self::MinusLogit(label)),
            "log-odds" => Ok(Self::LogOdds(label)),
            "probability" => Ok(Self::Probability(label)),
            _ => Err(wrong()),
        }
    }
}

impl TryFrom<String> for Score {
    type Error = crate::Error;

    fn try_from(text: String) -> crate::Result<Self> {
        text.parse()
    }
}

impl From<Score> for String {
    fn from(score: Score) -> Self {
        score.to_string()
    }
}
