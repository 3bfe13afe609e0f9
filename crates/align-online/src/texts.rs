//! The texts of a round.

use serde::{Deserialize, Serialize};

/// A text that the policy wrote, with its scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgedText {
    /// The completion.
    pub completion: String,
    /// Its token ids, with the EOS that ended it.
    pub ids: Vec<i64>,
    /// Whether an EOS or a stop string ended it, rather than the length limit.
    pub finished: bool,
    /// The scores by the judges, in their order; `None` of a judge that gives the text none.
    pub scores: Vec<Option<f64>>,
    /// The weighted sum of the scores. `None` if there are none: the text does not train.
    pub reward: Option<f64>,
    /// The score by the held-out judge, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_out: Option<f64>,
    /// By how much it is better than the other texts of its prompt, if the objective is a policy gradient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advantage: Option<f64>,
    /// The log-probability of each token under the policy that wrote the text, in nats, if the loss needs it after the first step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_logps: Option<Vec<f32>>,
    /// The log-probability of each token under the reference model, in nats, if the loss needs it and the model does not move.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_logps: Option<Vec<f32>>,
}

/// The texts of one prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextGroup {
    /// The index of the prompt among all prompts, from 0.
    pub prompt: usize,
    /// The token ids of the prompt.
    pub prompt_ids: Vec<i64>,
    /// The texts, in the order in which they were drawn.
    pub texts: Vec<JudgedText>,
}
