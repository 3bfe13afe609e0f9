//! Reading and writing PEFT's `adapter_config.json`.

use super::not_ours::refuse_foreign;
use crate::pretrained_config::{read_small_file, write_json};
use crate::{Error, LoraConfig, Result, json_weight};
use serde_json::{Map, Value, json};
use std::path::Path;

/// The file's name.
pub(super) const NAME: &str = "adapter_config.json";

impl LoraConfig {
    /// Reads and checks `DIR/adapter_config.json`, as PEFT writes it.
    ///
    /// What is `null` there has its default. `fan_in_fan_out` may be false: PEFT turns it on for GPT-2 too.
    ///
    /// # Errors
    /// A missing or malformed file, an adapter of another kind than LoRA, an option of PEFT that cannot be honoured, or a value
    /// out of range; the error names it.
    pub fn from_pretrained(dir: &Path) -> Result<Self> {
        let path = dir.join(NAME);
        let fail = |reason: String| Error::Config { path: path.clone(), reason };
        let text = read_small_file(&path)?;
        let mut options: Map<String, Value> =
            json_weight::parse(text.as_bytes()).map_err(|e| fail(format!("is not an adapter's config: {e}")))?;
        options.retain(|_, value| !value.is_null());
        refuse_foreign(&options).map_err(fail)?;
        options.insert("fan_in_fan_out".into(), true.into());
        match options.get("target_modules") {
            None | Some(Value::Array(_)) => {}
            Some(Value::String(all)) if all == "all-linear" => {
                drop(options.insert("target_modules".into(), json!([all])))
            }
            Some(_) => {
                return Err(fail(
                    "`target_modules` is a regular expression, which is not read here: give a list".into(),
                ));
            }
        }
        let config: Self = serde_json::from_value(Value::Object(options)).map_err(|e| fail(e.to_string()))?;
        config.validate().map_err(|e| fail(e.to_string()))?;
        Ok(config)
    }

    /// Writes `DIR/adapter_config.json` atomically.
    pub(super) fn write(&self, dir: &Path, overwrite: bool) -> Result<()> {
        let fail = |reason: String| Error::Config { path: dir.join(NAME), reason };
        let mut json = serde_json::to_value(self).map_err(|e| fail(e.to_string()))?;
        let own = [("peft_type", json!("LORA")), ("task_type", json!("CAUSAL_LM")), ("bias", json!("none"))];
        if let Some(options) = json.as_object_mut() {
            options.extend(own.map(|(name, value)| (name.to_owned(), value)));
            options.insert("inference_mode".into(), true.into());
            // PEFT declares an integer, and takes any number.
            if self.lora_alpha.fract() == 0.0 && self.lora_alpha < f64::from(u32::MAX) {
                options.insert("lora_alpha".into(), (self.lora_alpha as u32).into());
            }
            // A lone name in a list would be taken for a layer's.
            if self.target_modules == ["all-linear"] {
                options.insert("target_modules".into(), "all-linear".into());
            }
        }
        write_json(dir, NAME, &json, overwrite)
    }

    /// What the file in `dir` says of the adapter beside it that differs from these options, in words.
    pub(super) fn difference(&self, saved: &Self) -> Option<String> {
        let numbers = |c: &Self| {
            let targets = c.target_modules.join(",");
            [
                ("r", c.r.to_string()),
                ("lora_alpha", c.lora_alpha.to_string()),
                ("lora_dropout", c.lora_dropout.to_string()),
                ("use_rslora", c.use_rslora.to_string()),
                ("target_modules", targets),
            ]
        };
        let mut both = numbers(self).into_iter().zip(numbers(saved));
        both.find(|(ours, theirs)| ours != theirs)
            .map(|((name, ours), (_, theirs))| format!("is of an adapter with {name} {theirs}, this one has {ours}"))
    }
}
