//! Reading and writing `adapter_config.json` of PEFT.

use super::unsupported_options::reject_unsupported;
use crate::pretrained_config::{read_small_file, write_json};
use crate::{Error, LoraConfig, Result, bounded_json, json_field};
use serde_json::{Map, Value, json};
use std::path::Path;

/// The file name.
pub(super) const NAME: &str = "adapter_config.json";

impl LoraConfig {
    /// Reads and checks `DIR/adapter_config.json`, as PEFT writes it.
    ///
    /// Options that are `null` have their defaults. Modules given as a string are a regular expression. `fan_in_fan_out` is ignored, because
    /// it follows from the layers of the model, as in PEFT.
    ///
    /// # Errors
    /// The file is missing or malformed, the adapter is not a LoRA adapter, an option of PEFT is not supported, or a value is out of range;
    /// the error names it.
    pub fn from_pretrained(dir: &Path) -> Result<Self> {
        let path = dir.join(NAME);
        let fail = |reason: String| Error::Config { path: path.clone(), reason };
        let text = read_small_file(&path)?;
        let mut options: Map<String, Value> =
            bounded_json::parse(text.as_bytes()).map_err(|e| fail(format!("is not an adapter's config: {e}")))?;
        options.retain(|_, value| !value.is_null());
        reject_unsupported(&options).map_err(fail)?;
        options.remove("fan_in_fan_out");
        let config: Self = json_field::deserialize(Value::Object(options)).map_err(fail)?;
        config.validate().map_err(|e| fail(e.to_string()))?;
        Ok(config)
    }

    /// The name of the base model, if the folder holds an adapter and no complete model.
    ///
    /// # Errors
    /// The errors of [`LoraConfig::from_pretrained`]; the adapter does not name its base model.
    pub fn base_of_adapter(dir: &Path) -> Result<Option<String>> {
        if dir.join("config.json").exists() || !dir.join(NAME).exists() {
            return Ok(None);
        }
        let base = Self::from_pretrained(dir)?.base_model_name_or_path.filter(|base| !base.is_empty());
        base.map(Some).ok_or_else(|| Error::Config {
            path: dir.join(NAME),
            reason: "has no base_model_name_or_path: set it to the base model's name or folder, or merge the adapter into it with \
                     align merge-adapter"
                .into(),
        })
    }

    /// Writes `DIR/adapter_config.json` atomically.
    pub(super) fn write(&self, dir: &Path, overwrite: bool) -> Result<()> {
        let fail = |reason: String| Error::Config { path: dir.join(NAME), reason };
        let mut json = serde_json::to_value(self).map_err(|e| fail(e.to_string()))?;
        let own = [("peft_type", json!("LORA")), ("task_type", json!(self.task_type))];
        if let Some(options) = json.as_object_mut() {
            options.extend(own.map(|(name, value)| (name.to_owned(), value)));
            options.insert("inference_mode".into(), true.into());
            // PEFT declares an integer but accepts any number.
            if self.lora_alpha.fract() == 0.0 && self.lora_alpha < f64::from(u32::MAX) {
                options.insert("lora_alpha".into(), (self.lora_alpha as u32).into());
            }
        }
        write_json(dir, NAME, &json, overwrite)
    }

    /// Describes the first difference between these options and `saved` that affects the adapter's weights or outputs.
    pub(super) fn difference(&self, saved: &Self) -> Option<String> {
        let named = |c: &Self| {
            [
                ("r", json!(c.r)),
                ("lora_alpha", json!(c.lora_alpha)),
                ("lora_dropout", json!(c.lora_dropout)),
                ("use_rslora", json!(c.use_rslora)),
                ("target_modules", json!(c.target_modules)),
                ("exclude_modules", json!(c.exclude_modules)),
                ("layers_to_transform", json!(c.layers_to_transform)),
                ("layers_pattern", json!(c.layers_pattern)),
                ("rank_pattern", json!(c.rank_pattern)),
                ("alpha_pattern", json!(c.alpha_pattern)),
                ("modules_to_save", json!(c.modules_to_save)),
                ("bias", json!(c.bias)),
            ]
        };
        let mut both = named(self).into_iter().zip(named(saved));
        both.find(|(ours, theirs)| ours != theirs).map(|((name, ours), (_, theirs))| {
            format!("belongs to an adapter with {name} {theirs}, this one has {ours}")
        })
    }
}
