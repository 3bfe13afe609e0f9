use super::Modules;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A LoRA adapter's options, under the names of PEFT's `LoraConfig` and with its defaults for GPT-2 where these depend on the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LoraConfig {
    /// The rank: rows of `A`, columns of `B`.
    pub r: i64,
    /// What the adapter counts for: its product is scaled by `lora_alpha / r`.
    pub lora_alpha: f64,
    /// Dropout on what the adapter sees; like all dropout, in training mode only.
    pub lora_dropout: f64,
    /// The linear layers that are adapted. A list or an expression; `all-linear` means all in the blocks.
    pub target_modules: Modules,
    /// Layers that are not adapted, though `target_modules` names them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclude_modules: Option<Modules>,
    /// The numbers of the blocks whose layers are adapted, where `target_modules` is a list; all where unset.
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::one_or_many")]
    pub layers_to_transform: Option<Vec<i64>>,
    /// What stands before a block's number in a layer's name (`h`), for `layers_to_transform`.
    #[serde(skip_serializing_if = "Option::is_none", with = "crate::one_or_many")]
    pub layers_pattern: Option<Vec<String>>,
    /// Another rank for the layers whose name, or its end from a dot on, fits an expression; the first in the order of the alphabet
    /// counts.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rank_pattern: BTreeMap<String, i64>,
    /// The same for `lora_alpha`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub alpha_pattern: BTreeMap<String, f64>,
    /// Modules that are trained whole, and saved with the adapter, by the end of their names: `wte`, `lm_head`, `ln_f`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modules_to_save: Vec<String>,
    /// The biases that are trained too.
    pub bias: LoraBias,
    /// Whether the adapted weights are stored `(in, out)`, as GPT-2's are; as the model says where unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fan_in_fan_out: Option<bool>,
    /// Whether the product is scaled by `lora_alpha / √r` instead (rank-stabilised, arXiv:2312.03732).
    pub use_rslora: bool,
    /// The model that the adapter belongs to: its name on the hub, or its folder.
    pub base_model_name_or_path: Option<String>,
    /// What else the file held, kept for saving.
    #[serde(flatten)]
    pub extra: BTreeMap<String, serde_json::Value>,
}

/// The biases that are trained beside an adapter, and saved with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoraBias {
    /// None.
    #[default]
    None,
    /// All of the model.
    All,
    /// Those of the adapted layers.
    LoraOnly,
}

impl Default for LoraConfig {
    fn default() -> Self {
        Self {
            r: 8,
            lora_alpha: 8.0,
            lora_dropout: 0.0,
            target_modules: Modules::Names(vec!["c_attn".to_owned()]),
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
            extra: BTreeMap::new(),
        }
    }
}

impl LoraConfig {
    /// What the product of a layer that no pattern names is multiplied by.
    #[must_use]
    pub fn scaling(&self) -> f64 {
        let r = self.r as f64;
        self.lora_alpha / if self.use_rslora { r.sqrt() } else { r }
    }
}
