use serde::{Deserialize, Serialize};

/// The head of an adapter's base model, with PEFT's names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaskType {
    /// A language model.
    #[default]
    #[serde(rename = "CAUSAL_LM")]
    CausalLm,
    /// A sequence classifier or reward model. Its head is trained in full.
    #[serde(rename = "SEQ_CLS")]
    SequenceClassification,
}

impl TaskType {
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
