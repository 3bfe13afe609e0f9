use super::{Modules, TaskType};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Options of a LoRA adapter, with the names and defaults of `LoraConfig` in PEFT.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LoraConfig {
    /// The rank: the number of rows of `A` and of columns of `B`.
    pub r: i64,
    /// The output of the adapter is scaled by `lora_alpha / r`.
    pub lora_alpha: f64,
    /// Dropout on the input of the adapter, in training mode.
    pub lora_dropout: f64,
    /// The linear layers that get an adapter: a list of names or a regular expression; `all-linear` for all linear layers in the blocks;
    /// those of PEFT for the model's architecture if unset.
    pub target_modules: Modules,
    /// Layers that get no adapter even if they match `target_modules`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclude_modules: Option<Modules>,
    /// The numbers of the blocks whose layers get an adapter, if `target_modules` is a list; all blocks if unset.
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::one_or_many")]
    pub layers_to_transform: Option<Vec<i64>>,
    /// The part of a layer's name before the block number (`h`), for `layers_to_transform`.
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::one_or_many")]
    pub layers_pattern: Option<Vec<String>>,
    /// Different ranks for the layers whose name, or a suffix of it after a dot, matches a regular expression. If several match, the first
    /// in alphabetical order applies.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rank_pattern: BTreeMap<String, i64>,
    /// Different values of `lora_alpha`, like `rank_pattern`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub alpha_pattern: BTreeMap<String, f64>,
    /// Modules that are fully trained and saved with the adapter, by the end of their names: `wte`, `lm_head`, `ln_f`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modules_to_save: Vec<String>,
    /// Which biases are trained.
    pub bias: LoraBias,
    /// Whether the weights of the adapted layers are stored as `(in, out)`, as in GPT-2; determined from the model if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fan_in_fan_out: Option<bool>,
    /// Whether to scale by `lora_alpha / √r` instead (rank-stabilised LoRA, arXiv:2312.03732).
    pub use_rslora: bool,
    /// The base model of the adapter: its name on the hub, or its folder.
    pub base_model_name_or_path: Option<String>,
    /// The head of the base model. A new adapter has that of its base model.
    #[serde(skip_serializing_if = "TaskType::is_default")]
    pub task_type: TaskType,
    /// Other fields of the file, kept for saving.
    #[serde(flatten)]
    pub extra: BTreeMap<String, serde_json::Value>,
}

/// The biases that are trained and saved with an adapter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoraBias {
    /// None.
    #[default]
    None,
    /// All biases of the model.
    All,
    /// The biases of the adapted layers.
    LoraOnly,
}

impl Default for LoraConfig {
    fn default() -> Self {
        Self {
            r: 8,
            lora_alpha: 8.0,
            lora_dropout: 0.0,
            target_modules: Modules::Default,
            exclude_modules: None,
            layers_to_transform: None,
            layers_pattern: None,
            rank_pattern: BTreeMap::new(),
            alpha_pattern: BTreeMap::new(),
            modules_to_save: Vec::new(),
            bias: LoraBias::None,
            fan_in_fan_out: None,
            use_rslora: false,
            base_model_name_or_path: None,
            task_type: TaskType::default(),
            extra: BTreeMap::new(),
        }
    }
}

impl LoraConfig {
    /// The scaling of layers that match no pattern.
    #[must_use]
    pub fn scaling(&self) -> f64 {
        let r = self.r as f64;
        self.lora_alpha / if self.use_rslora { r.sqrt() } else { r }
    }
}
