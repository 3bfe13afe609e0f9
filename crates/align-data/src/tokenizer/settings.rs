//! Reads the configuration files of a tokeniser's folder: `tokenizer_config.json`, `special_tokens_map.json`,
//! `added_tokens.json` and `config.json`.

use super::file::{parse_json, read_if_exists};
use crate::{Error, Result};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// transformers writes a `model_max_length` above this value when there is no limit.
const NO_LIMIT: f64 = 1e12;

/// The configuration files of a folder.
#[derive(Default)]
pub(super) struct Settings {
    pub dir: PathBuf,
    /// `tokenizer_config.json`.
    pub config: Map<String, Value>,
    /// `special_tokens_map.json`, which takes precedence. Empty if `added_tokens_decoder` is set: transformers then
    /// ignores the file.
    pub map: Map<String, Value>,
    /// `added_tokens.json`. Empty if `added_tokens_decoder` is set.
    pub added_tokens: Map<String, Value>,
    /// The model's own `config.json`.
    pub model_config: Map<String, Value>,
    /// Whether `dir` is a GGUF file, whose metadata gave the fields.
    pub gguf: bool,
}

impl Settings {
    pub fn read(dir: &Path) -> Result<Self> {
        let object = |name: &str| read_object(&dir.join(name));
        let (config, model_config) = (object("tokenizer_config.json")?, object("config.json")?);
        let mut settings = Self { dir: dir.to_owned(), config, model_config, ..Self::default() };
        if !settings.config.contains_key("added_tokens_decoder") {
            settings.map = object("special_tokens_map.json")?;
            settings.added_tokens = object("added_tokens.json")?;
        }
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<()> {
        if self.config.get("fast_tokenizer_files").is_some_and(|files| files != &Value::Array(Vec::new())) {
            let problem = "fast_tokenizer_files names a tokenizer.json for each version of transformers, which is not supported; \
                           keep the newest one as tokenizer.json and remove the field";
            return Err(self.config_error(problem.to_owned()));
        }
        Ok(())
    }

    /// Whether the folder has a file of this name.
    pub fn has(&self, name: &str) -> bool {
        self.dir.join(name).is_file()
    }

    /// A boolean field; `None` if it is not set.
    pub fn flag(&self, field: &str) -> Result<Option<bool>> {
        match self.config.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(other) => Err(self.config_error(format!("{field}: expected true or false, found {other}"))),
        }
    }

    /// A boolean field with a default. Null is not allowed.
    pub fn flag_or(&self, field: &str, default: bool) -> Result<bool> {
        match self.config.get(field) {
            Some(Value::Null) => Err(self.config_error(format!("{field}: expected true or false, found null"))),
            _ => Ok(self.flag(field)?.unwrap_or(default)),
        }
    }

    /// Whether truncation removes the start of a text instead of its end.
    pub fn truncates_left(&self) -> Result<bool> {
        match self.config.get("truncation_side").map(|side| (side, side.as_str())) {
            None | Some((Value::Null, _) | (_, Some("right"))) => Ok(false),
            Some((_, Some("left"))) => Ok(true),
            Some((other, _)) => {
                Err(self.config_error(format!("truncation_side: expected left or right, found {other}")))
            }
        }
    }

    /// The model's maximum length in tokens.
    pub fn model_max_length(&self) -> Result<Option<usize>> {
        let (config, old) = (&self.config, "max_len");
        match config.get("model_max_length").or_else(|| config.get(old)) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_f64() {
                Some(length) if length >= NO_LIMIT => Ok(None),
                Some(length) if length >= 1.0 => Ok(Some(length as usize)),
                _ => Err(self.config_error(format!(
                    "model_max_length: expected a number of tokens of at least 1, found {value}"
                ))),
            },
        }
    }

    /// An error in `tokenizer_config.json`.
    pub fn config_error(&self, problem: String) -> Error {
        Error::TokenizerFile { path: self.config_path(), problem }
    }

    /// Where the fields of `tokenizer_config.json` are from.
    pub fn config_path(&self) -> PathBuf {
        if self.gguf { self.dir.clone() } else { self.dir.join("tokenizer_config.json") }
    }
}

/// Reads a file's JSON object; empty if the file does not exist.
fn read_object(path: &Path) -> Result<Map<String, Value>> {
    let Some(bytes) = read_if_exists(path)? else { return Ok(Map::new()) };
    match parse_json(path, &bytes)? {
        Value::Object(object) => Ok(object),
        _ => Err(Error::TokenizerFile { path: path.to_owned(), problem: "expected a JSON object".to_owned() }),
    }
}
