use align_models::LoraConfig;

/// The LoRA adapter that a run trains.
#[derive(Debug, Clone, PartialEq)]
pub enum Peft {
    /// A new adapter. The reference model is the model without it.
    New(Box<LoraConfig>),
    /// The adapter in the model's folder, with its own options. The reference model is the model with the adapter as it was loaded.
    Loaded,
}

impl From<LoraConfig> for Peft {
    fn from(config: LoraConfig) -> Self {
        Self::New(Box::new(config))
    }
}
