use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Largest rank; a matrix of this many rows is no longer a small one.
const LARGEST_RANK: i64 = 1 << 16;

/// A LoRA adapter's options, under the names of PEFT's `LoraConfig` and with its defaults for GPT-2.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LoraConfig {
    /// The rank: rows of `A`, columns of `B`.
    pub r: i64,
    /// What the adapter counts for: its product is scaled by `lora_alpha / r`.
    pub lora_alpha: f64,
    /// Dropout on what the adapter sees; like all dropout, in training mode only.
    pub lora_dropout: f64,
    /// The linear layers that are adapted, by name or by the end of one, whole parts of it: `c_attn`, `mlp.c_proj`,
    /// `h.0.attn.c_attn`. `all-linear`, alone, means all in the blocks.
    pub target_modules: Vec<String>,
    /// Whether the adapted weights are stored `(in, out)`: GPT-2's are.
    pub fan_in_fan_out: bool,
    /// Whether the product is scaled by `lora_alpha / √r` instead (rank-stabilised, arXiv:2312.03732).
    pub use_rslora: bool,
    /// The model that the adapter belongs to: its name on the hub, or its folder.
    pub base_model_name_or_path: Option<String>,
    /// What else the file held, kept for saving.
    #[serde(flatten)]
    pub extra: BTreeMap<String, serde_json::Value>,
}

impl Default for LoraConfig {
    fn default() -> Self {
        Self {
            r: 8,
            lora_alpha: 8.0,
            lora_dropout: 0.0,
            target_modules: vec!["c_attn".to_owned()],
            fan_in_fan_out: true,
            use_rslora: false,
            base_model_name_or_path: None,
            extra: BTreeMap::new(),
        }
    }
}

impl LoraConfig {
    /// Checks every option by itself; whether a model has the target modules is for [`LoraGpt2`](super::LoraGpt2) to see.
    ///
    /// # Errors
    /// [`Error::LoraOption`] names the first option that is out of range.
    pub fn validate(&self) -> Result<()> {
        let (r, alpha, dropout) = (self.r, self.lora_alpha, self.lora_dropout);
        require("r", (1..=LARGEST_RANK).contains(&r), || format!("is {r}, expected 1 to {LARGEST_RANK}"))?;
        let positive = alpha > 0.0 && alpha.is_finite();
        require("lora_alpha", positive, || format!("is {alpha}, expected a positive number"))?;
        require("lora_dropout", (0.0..1.0).contains(&dropout), || {
            format!("is {dropout}, expected at least 0 and below 1")
        })?;
        require("target_modules", !self.target_modules.is_empty(), || "is empty: name a linear layer".into())?;
        require("fan_in_fan_out", self.fan_in_fan_out, || {
            "is false, but GPT-2's linear layers are stored (in, out): leave it true".into()
        })
    }

    /// What the adapter's product is multiplied by.
    #[must_use]
    pub fn scaling(&self) -> f64 {
        let r = self.r as f64;
        self.lora_alpha / if self.use_rslora { r.sqrt() } else { r }
    }
}

/// An option that must hold to something.
pub(super) fn require(option: &'static str, holds: bool, reason: impl FnOnce() -> String) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::LoraOption { option, reason: reason() }) }
}
