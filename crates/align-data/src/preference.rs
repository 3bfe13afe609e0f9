use crate::PairNumbers;
use serde::{Deserialize, Serialize};

/// A text generated for a prompt, and its reward.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoredText {
    /// The prompt.
    pub prompt: String,
    /// The text; it may begin with the prompt.
    pub text: String,
    /// The reward; higher is better.
    pub score: f64,
}

impl ScoredText {
    /// Creates a scored text.
    pub fn new(prompt: impl Into<String>, text: impl Into<String>, score: f64) -> Self {
        Self { prompt: prompt.into(), text: text.into(), score }
    }
}

/// A preference pair: two texts for one prompt, one chosen and one rejected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PreferencePair {
    /// The prompt.
    pub prompt: String,
    /// The chosen text; it may begin with the prompt.
    pub chosen: String,
    /// The rejected text.
    pub rejected: String,
    /// The reward of the chosen text, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen_score: Option<f64>,
    /// The reward of the rejected text, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected_score: Option<f64>,
    /// The pair's own numbers.
    #[serde(default, flatten)]
    pub numbers: PairNumbers,
}

impl PreferencePair {
    /// Creates a pair without scores.
    pub fn new(prompt: impl Into<String>, chosen: impl Into<String>, rejected: impl Into<String>) -> Self {
        Self {
            prompt: prompt.into(),
            chosen: chosen.into(),
            rejected: rejected.into(),
            chosen_score: None,
            rejected_score: None,
            numbers: PairNumbers::default(),
        }
    }
}

/// A completion with a binary label, such as a thumbs-up or thumbs-down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnpairedPreference {
    /// The prompt.
    pub prompt: String,
    /// The completion; it may begin with the prompt.
    pub completion: String,
    /// Whether it is desirable.
    pub label: bool,
    /// Whether it is one side of a preference pair ([`UnpairedPreference::from_pairs`]).
    #[serde(skip)]
    pub from_pair: bool,
}

impl UnpairedPreference {
    /// Creates a labelled completion.
    pub fn new(prompt: impl Into<String>, completion: impl Into<String>, label: bool) -> Self {
        Self { prompt: prompt.into(), completion: completion.into(), label, from_pair: false }
    }

    /// Converts each pair to two consecutive rows: the chosen completion is desirable, the rejected one is not.
    pub fn from_pairs(pairs: &[PreferencePair]) -> Vec<Self> {
        let sides = |pair: &PreferencePair| {
            [(&pair.chosen, true), (&pair.rejected, false)]
                .map(|(side, label)| Self { from_pair: true, ..Self::new(&pair.prompt, side, label) })
        };
        pairs.iter().flat_map(sides).collect()
    }
}
