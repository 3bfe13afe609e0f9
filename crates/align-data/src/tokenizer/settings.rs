//! What the files beside a vocabulary say: `tokenizer_config.json`, `special_tokens_map.json`, `added_tokens.json`, `config.json`.

use super::file::{parse, read};
use crate::{Error, Result};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// Above this, `model_max_length` is transformers' way of saying that there is no limit.
const NO_LIMIT: f64 = 1e12;

/// The files of a folder, as far as transformers reads them.
#[derive(Default)]
pub(super) struct Settings {
    pub dir: PathBuf,
    /// `tokenizer_config.json`.
    pub config: Map<String, Value>,
    /// `special_tokens_map.json`, whose tokens win; empty where `added_tokens_decoder` makes transformers pass it over.
    pub map: Map<String, Value>,
    /// `added_tokens.json`; empty likewise.
    pub added_tokens: Map<String, Value>,
    /// The model's own `config.json`.
    pub model_config: Map<String, Value>,
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
            let problem = "fast_tokenizer_files names a tokenizer.json for each version of transformers, which is not read; \
                           keep the newest one as tokenizer.json and take the field out";
            return Err(self.refuse(problem.to_owned()));
        }
        Ok(())
    }

    /// Whether the folder holds a file.
    pub fn has(&self, name: &str) -> bool {
        self.dir.join(name).is_file()
    }

    /// A field that is true or false; `None` where it is not set.
    pub fn flag(&self, field: &str) -> Result<Option<bool>> {
        match self.config.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(other) => Err(self.refuse(format!("{field}: expected true or false, found {other}"))),
        }
    }

    /// A field that must be true or false where it is there.
    pub fn option(&self, field: &str, usual: bool) -> Result<bool> {
        match self.config.get(field) {
            Some(Value::Null) => Err(self.refuse(format!("{field}: expected true or false, found null"))),
            _ => Ok(self.flag(field)?.unwrap_or(usual)),
        }
    }

    /// Whether the end of a text that is too long is kept, instead of its beginning.
    pub fn truncates_left(&self) -> Result<bool> {
        match self.config.get("truncation_side").map(|side| (side, side.as_str())) {
            None | Some((Value::Null, _) | (_, Some("right"))) => Ok(false),
            Some((_, Some("left"))) => Ok(true),
            Some((other, _)) => Err(self.refuse(format!("truncation_side: expected left or right, found {other}"))),
        }
    }

    /// The most tokens that the model takes.
    pub fn model_max_length(&self) -> Result<Option<usize>> {
        let (config, old) = (&self.config, "max_len");
        match config.get("model_max_length").or_else(|| config.get(old)) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                match value.as_f64() {
                    Some(length) if length >= NO_LIMIT => Ok(None),
                    Some(length) if length >= 1.0 => Ok(Some(length as usize)),
                    _ => Err(self
                        .refuse(format!("model_max_length: expected a number of tokens of at least 1, found {value}"))),
                }
            }
        }
    }

    /// An error of `tokenizer_config.json`.
    pub fn refuse(&self, problem: String) -> Error {
        Error::TokenizerFile { path: self.dir.join("tokenizer_config.json"), problem }
    }
}

/// A file's JSON object; empty where there is no such file.
fn read_object(path: &Path) -> Result<Map<String, Value>> {
    let Some(bytes) = read(path)? else { return Ok(Map::new()) };
    match parse(path, &bytes)? {
        Value::Object(object) => Ok(object),
        _ => Err(Error::TokenizerFile { path: path.to_owned(), problem: "expected a JSON object".to_owned() }),
    }
}
