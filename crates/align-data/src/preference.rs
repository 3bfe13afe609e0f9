use serde::{Deserialize, Serialize};

/// A text that a model wrote for a prompt, and its reward.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoredText {
    /// The prompt.
    pub prompt: String,
    /// The text; it may begin with the prompt.
    pub text: String,
    /// The reward: higher is better.
    pub score: f64,
}

impl ScoredText {
    /// A scored text from its parts.
    pub fn new(prompt: impl Into<String>, text: impl Into<String>, score: f64) -> Self {
        Self { prompt: prompt.into(), text: text.into(), score }
    }
}

/// Two texts for one prompt, of which the first is preferred.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PreferencePair {
    /// The prompt.
    pub prompt: String,
    /// The preferred text; it may begin with the prompt.
    pub chosen: String,
    /// The other text.
    pub rejected: String,
    /// The preferred text's reward, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen_score: Option<f64>,
    /// The other text's reward, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected_score: Option<f64>,
}

impl PreferencePair {
    /// A pair without scores.
    pub fn new(prompt: impl Into<String>, chosen: impl Into<String>, rejected: impl Into<String>) -> Self {
        Self {
            prompt: prompt.into(),
            chosen: chosen.into(),
            rejected: rejected.into(),
            chosen_score: None,
            rejected_score: None,
        }
    }
}

/// A completion of a prompt that someone found good or not: a thumb up or down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnpairedPreference {
    /// The prompt.
    pub prompt: String,
    /// The completion; it may begin with the prompt.
    pub completion: String,
    /// Whether it is desirable.
    pub label: bool,
}

impl UnpairedPreference {
    /// A judged completion from its parts.
    pub fn new(prompt: impl Into<String>, completion: impl Into<String>, label: bool) -> Self {
        Self { prompt: prompt.into(), completion: completion.into(), label }
    }

    /// Both completions of each pair, the chosen one desirable, the rejected one not: a pair's two rows stand together.
    pub fn from_pairs(pairs: &[PreferencePair]) -> Vec<Self> {
        pairs
            .iter()
            .flat_map(|pair| {
                [Self::new(&pair.prompt, &pair.chosen, true), Self::new(&pair.prompt, &pair.rejected, false)]
            })
            .collect()
    }
}
