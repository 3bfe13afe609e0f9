//! Which number of a classifier's or reward model's logits is a text's score, and with which sign.

mod default_score;
mod labels;
mod scorer;

pub use default_score::default_score;
pub use labels::{Labels, ProblemType};
pub use scorer::Scorer;

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What a text's score is made of. Higher is better.
///
/// As text it is `logit:LABEL`, `minus-logit:LABEL`, `log-odds:LABEL`, `probability:LABEL` or `scalar`, where `LABEL` is a name
/// of the config's `id2label` or a label's number. [`Scorer::new`] checks it against a model's labels.
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
    /// The label's logit.
    Logit(String),
    /// The label's logit with its sign turned; of the negative class this is the notebook's reward.
    MinusLogit(String),
    /// `log p − log(1 − p)` of the label's probability `p`, in nats: with a softmax its logit less the logsumexp of the others,
    /// with a sigmoid its logit.
    LogOdds(String),
    /// The label's probability: by softmax, or by sigmoid where labels do not exclude each other or there is one output.
    Probability(String),
    /// The only output, as it is: a reward model's or a regression's.
    Scalar,
}

/// The forms of a score, for messages.
pub(crate) const FORMS: &str = "logit:LABEL, minus-logit:LABEL, log-odds:LABEL, probability:LABEL or scalar";

impl Score {
    /// The label that it names.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        match self {
            Self::Logit(label) | Self::MinusLogit(label) | Self::LogOdds(label) | Self::Probability(label) => {
                Some(label)
            }
            Self::Scalar => None,
        }
    }

    /// The unit of its values, for tables and axes; empty where they have none.
    #[must_use]
    pub fn unit(&self) -> &'static str {
        match self {
            Self::Logit(_) | Self::MinusLogit(_) => "logit",
            Self::LogOdds(_) => "nats",
            Self::Probability(_) | Self::Scalar => "",
        }
    }

    /// The same score of a label under another name.
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
        // A label's name may hold a colon.
        let Some((form, label)) = text.split_once(':') else {
            return if text == "scalar" { Ok(Self::Scalar) } else { Err(wrong()) };
        };
        if label.is_empty() {
            return Err(crate::Error::Score(format!("{text:?} names no label: write it behind the colon")));
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
