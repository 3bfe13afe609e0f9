//! The options of a run in the form that is saved in its folder.

use super::{Peft, ReferenceModel, Run, RunObjective};
use crate::{Error, Result};
use align_data::InvalidRows;
use align_models::dtype_name;
use serde_json::{Map, Value, json};
use std::path::PathBuf;

/// Options as TOML. Nested groups are flattened, and options that are not set are omitted.
///
/// # Errors
/// Options that are not a JSON object, or values that TOML does not support.
pub fn flat_toml(options: &Value) -> Result<String> {
    let fail = |reason: String| Error::Data(format!("the options cannot be written as TOML: {reason}"));
    let Value::Object(options) = options else { return Err(fail("they are not a JSON object".into())) };
    let mut flat = toml::Table::new();
    let mut groups = vec![options];
    while let Some(group) = groups.pop() {
        for (key, value) in group {
            match value {
                Value::Object(inner) => groups.push(inner),
                Value::Null => {}
                // TOML integers are below 2^63, but seeds need not be. A string is read back as the same option.
                Value::Number(number) if number.is_u64() && !number.is_i64() => {
                    flat.insert(key.clone(), number.to_string().into());
                }
                value => {
                    let value = toml::Value::try_from(value).map_err(|e| fail(e.to_string()))?;
                    flat.insert(key.clone(), value);
                }
            }
        }
    }
    toml::to_string(&flat).map_err(|e| fail(e.to_string()))
}

impl<O: RunObjective> Run<O> {
    /// The options, under their names on the command line.
    pub(super) fn options(&self) -> Result<Value> {
        if let Some(options) = &self.recorded_options {
            return Ok(options.clone());
        }
        let config = serde_json::to_value(&self.config).map_err(|e| Error::Data(e.to_string()))?;
        let mut all = Map::new();
        let mut put = |name: &str, value: Value| drop(all.insert(name.to_owned(), value));
        put("config", config);
        put("model", json!(self.model.name()));
        put("train_file", one_or_many(&self.train.files));
        if let Some(stream) = &self.train.stream {
            put("streaming", json!(true));
            put("token_cache", json!(stream.token_cache));
            put("columns", json!(Some(&stream.columns).filter(|columns| !columns.is_empty())));
        }
        put("eval_file", self.eval.as_ref().map_or(Value::Null, |eval| one_or_many(&eval.files)));
        if let Some(ReferenceModel::Pretrained(name)) = &self.reference {
            put("ref_model", json!(name));
        }
        put("max_length", json!(self.max_length));
        put("strip_prompt", json!((!self.strip_prompt).then_some(false)));
        let invalid_rows = Some(self.invalid_rows).filter(|rows| *rows != InvalidRows::default());
        put("invalid_rows", json!(invalid_rows));
        put("resize_token_embeddings", json!(self.resize_token_embeddings.then_some(true)));
        put("dtype", json!(self.dtype.and_then(dtype_name)));
        put("device", json!(self.device));
        put("matmul_precision", json!(self.matmul_precision));
        if let Some(peft) = &self.peft {
            put("peft", adapter_options(peft));
        }
        Ok(Value::Object(all))
    }
}

/// The options of an adapter, under TRL's names.
fn adapter_options(peft: &Peft) -> Value {
    let Peft::New(config) = peft else { return json!({ "use_peft": true }) };
    json!({
        "use_peft": true,
        "lora_r": config.r,
        "lora_alpha": config.lora_alpha,
        "lora_dropout": config.lora_dropout,
        "lora_target_modules": config.target_modules,
        "lora_modules_to_save": config.modules_to_save,
        "use_rslora": config.use_rslora,
    })
}

/// One file as a string, several as a list.
fn one_or_many(files: &[PathBuf]) -> Value {
    match files {
        [] => Value::Null,
        [file] => json!(file),
        files => json!(files),
    }
}
