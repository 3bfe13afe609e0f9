use align_data::chat::Message;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// One line of the file of sample texts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum SampleRecord {
    /// A text that the policy continued.
    Text { step: u64, prompt: String, text: String },
    /// A conversation that the policy answered.
    Answer {
        step: u64,
        #[serde(deserialize_with = "messages")]
        prompt: Vec<Message>,
        #[serde(deserialize_with = "messages")]
        completion: Vec<Message>,
    },
}

impl SampleRecord {
    /// The step after which the policy generated.
    pub fn step(&self) -> u64 {
        match self {
            Self::Text { step, .. } | Self::Answer { step, .. } => *step,
        }
    }
}

fn messages<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Message>, D::Error> {
    let values = Vec::<Value>::deserialize(deserializer)?;
    values.into_iter().map(|value| Message::from_json(value).map_err(serde::de::Error::custom)).collect()
}
