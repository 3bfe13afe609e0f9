use super::TaskType;
use crate::causal_lm::Adaptable;
use crate::checkpoint::TensorSpec;
use crate::linear_layer_info::LinearLayerInfo;
use crate::{CausalLm, Error, LoraConfig, Modules, Result};
use std::collections::BTreeSet;

/// The head of a classifier.
const SCORE_MODULE: &str = "score";

/// The base model of an adapter, with the vocabulary size of the adapter's embeddings.
pub(super) struct LoraBase<'a> {
    pub model: &'a dyn CausalLm,
    pub adaptable: &'a dyn Adaptable,
    pub vocab_size: i64,
}

impl<'a> LoraBase<'a> {
    /// Wraps a model.
    ///
    /// # Errors
    /// The model does not support adapters.
    pub fn new(model: &'a dyn CausalLm) -> Result<Self> {
        let adaptable = model.adaptable().ok_or_else(|| {
            Error::Input(
                "the model does not support adapters: it already has one, is a packed copy, or does not list its linear layers"
                    .into(),
            )
        })?;
        Ok(Self { model, adaptable, vocab_size: model.vocab_size() })
    }

    /// Replaces [`Modules::Default`] by the layers that PEFT adapts in this architecture.
    pub fn with_default_targets(&self, config: LoraConfig) -> LoraConfig {
        if config.target_modules != Modules::Default {
            return config;
        }
        let names = self.adaptable.default_lora_targets();
        LoraConfig { target_modules: Modules::Names(names.iter().map(|name| (*name).to_owned()).collect()), ..config }
    }

    /// With the head of a classifier among the modules that are trained in full, as PEFT adds it.
    pub fn with_trained_head(&self, config: LoraConfig) -> LoraConfig {
        let task_type = self.task_type();
        let mut modules_to_save = config.modules_to_save;
        if task_type == TaskType::SequenceClassification && !modules_to_save.iter().any(|name| name == SCORE_MODULE) {
            modules_to_save.push(SCORE_MODULE.to_owned());
        }
        LoraConfig { modules_to_save, task_type, ..config }
    }

    /// What the head of the model is for.
    pub fn task_type(&self) -> TaskType {
        match self.adaptable.output_projection() {
            Some(_) => TaskType::CausalLm,
            None => TaskType::SequenceClassification,
        }
    }

    /// Names and shapes of its weights, in its order.
    pub fn tensors(&self) -> Vec<TensorSpec> {
        let shape = |name: &str, mut shape: Vec<i64>| {
            if let Some(tokens) = shape.first_mut().filter(|_| self.embeddings().contains(&name)) {
                *tokens = self.vocab_size;
            }
            TensorSpec::new(name, shape)
        };
        self.model.parameters().iter().map(|(name, weight)| shape(name, weight.size())).collect()
    }

    /// The names of the token embedding and, unless the model is a classifier, the output projection.
    pub fn embeddings(&self) -> Vec<&'a str> {
        std::iter::once(self.adaptable.embedding()).chain(self.adaptable.output_projection()).collect()
    }

    /// The shape of the token embedding and the output projection.
    pub fn embedding_shape(&self) -> [i64; 2] {
        [self.vocab_size, self.model.head().size().last().copied().unwrap_or(0)]
    }

    /// The name of the output projection if it is the token embedding.
    pub fn tied_projection(&self) -> Option<&'a str> {
        self.adaptable.output_projection().filter(|name| self.model.parameters().get(name).is_none())
    }

    /// The names of all modules with weights and of their parent modules.
    pub fn modules(&self) -> BTreeSet<String> {
        let mut modules = BTreeSet::new();
        for name in self.model.parameters().iter().map(|(name, _)| name).chain(self.adaptable.output_projection()) {
            modules.extend(name.match_indices('.').filter_map(|(at, _)| name.get(..at).map(str::to_owned)));
        }
        modules
    }
}

/// Lists the kinds of linear layers, for a message: `attn.c_attn, attn.c_proj, mlp.c_fc and mlp.c_proj`.
pub(super) fn kinds_of_layers(layers: &[LinearLayerInfo]) -> String {
    let mut kinds: Vec<String> = Vec::new();
    for layer in layers {
        let parts: Vec<&str> = layer.name.split('.').collect();
        let number = parts.iter().rposition(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
        let kind = parts.get(number.map_or(0, |at| at + 1)..).unwrap_or_default().join(".");
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    match kinds.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => kinds.concat(),
    }
}
