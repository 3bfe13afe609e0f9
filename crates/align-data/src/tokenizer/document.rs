//! The `tokenizer.json` that a folder stands for: its own, or the one that its class builds.

use super::class::Class;
use super::file::{parse, read};
use super::settings::Settings;
use super::vocabulary::{self, BertOptions};
use crate::{Error, Result};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A folder's vocabulary.
pub(super) struct Source {
    /// The file that it comes from.
    pub path: PathBuf,
    /// The folder's `tokenizer.json`.
    pub file: Option<Value>,
}

impl Source {
    /// Reads a folder's `tokenizer.json`, if it has one, or else finds the vocabulary's file.
    pub fn read(settings: &Settings, class: Class) -> Result<Self> {
        let path = settings.dir.join("tokenizer.json");
        if let Some(bytes) = read(&path)? {
            let file = Some(parse(&path, &bytes)?);
            return Ok(Self { path, file });
        }
        let name = if class == Class::Gpt2 { "vocab.json" } else { "vocab.txt" };
        Ok(Self { path: settings.dir.join(name), file: None })
    }

    /// The document to build the tokeniser from. `unk_token` is WordPiece's.
    pub fn document(&self, settings: &Settings, class: Class, unk_token: Option<&str>) -> Result<Value> {
        let missing = || missing(settings, class);
        match (class, &self.file) {
            (Class::Backend, Some(file)) => Ok(without_settings(file.clone())),
            (Class::Backend, None) => Err(missing()),
            (Class::Gpt2, file) => {
                let (vocab, merges, post_processor) = match file {
                    Some(file) => {
                        let model = self.model(file, class, "BPE")?;
                        let field = |name: &str| model.get(name).cloned().unwrap_or_default();
                        (field("vocab"), field("merges"), file.get("post_processor").cloned().unwrap_or_default())
                    }
                    None => {
                        let merges = settings.dir.join("merges.txt");
                        let vocab = parse(&self.path, &read(&self.path)?.ok_or_else(missing)?)?;
                        let merges = vocabulary::merges(&merges, &read(&merges)?.ok_or_else(missing)?)?;
                        (vocab, merges, Value::Null)
                    }
                };
                let add_prefix_space = settings.option("add_prefix_space", false)?;
                Ok(vocabulary::byte_level_bpe(&vocab, &merges, add_prefix_space, &post_processor))
            }
            (Class::Bert, file) => {
                let vocab = match file {
                    Some(file) => self.model(file, class, "WordPiece")?.get("vocab").cloned().unwrap_or_default(),
                    None => vocabulary::pieces(&self.path, &read(&self.path)?.ok_or_else(missing)?)?,
                };
                let usual = BertOptions::default();
                let options = BertOptions {
                    do_lower_case: settings.option("do_lower_case", usual.do_lower_case)?,
                    tokenize_chinese_chars: settings.option("tokenize_chinese_chars", usual.tokenize_chinese_chars)?,
                    strip_accents: settings.flag("strip_accents")?,
                };
                let unk_token = unk_token.unwrap_or("[UNK]");
                if vocab.as_object().is_some_and(|pieces| !pieces.contains_key(unk_token)) {
                    return Err(absent(&self.path, "unk_token", unk_token));
                }
                Ok(vocabulary::word_piece(&vocab, unk_token, options))
            }
        }
    }

    /// The model of a `tokenizer.json`, which must be the class's kind.
    fn model<'a>(&self, file: &'a Value, class: Class, kind: &str) -> Result<&'a Value> {
        let refuse = |problem| Error::TokenizerFile { path: self.path.clone(), problem };
        let model = file.get("model").ok_or_else(|| refuse("expected a field `model`".to_owned()))?;
        let merges = model.get("merges").is_some();
        // Old files do not name the kind.
        let found = model.get("type").and_then(Value::as_str).unwrap_or(if merges { "BPE" } else { "WordPiece" });
        if found == kind {
            return Ok(model);
        }
        Err(refuse(format!(
            "{} expects a model of the type {kind}, found {found}; name the right tokenizer_class in \
             tokenizer_config.json, or PreTrainedTokenizerFast to take the file as it stands",
            class.name()
        )))
    }
}

/// Takes out what would change rows without being asked.
fn without_settings(mut document: Value) -> Value {
    for setting in ["truncation", "padding"] {
        if let Some(value) = document.get_mut(setting) {
            *value = Value::Null;
        }
    }
    if let Some(dropout) = document.pointer_mut("/model/dropout") {
        if dropout.as_f64().is_some_and(|rate| rate > 0.0) {
            tracing::warn!("the tokeniser's BPE dropout is left out: the same text always gives the same ids");
        }
        *dropout = Value::Null;
    }
    document
}

fn missing(settings: &Settings, class: Class) -> Error {
    let found = match contents(&settings.dir) {
        Ok(found) => found,
        Err(problem) => return problem,
    };
    let expected = match class {
        Class::Gpt2 => "tokenizer.json, or vocab.json and merges.txt",
        Class::Bert => "tokenizer.json, or vocab.txt",
        Class::Backend => "tokenizer.json",
    };
    Error::NoTokenizer { path: settings.dir.clone(), class: class.name(), expected, found }
}

fn contents(dir: &Path) -> Result<String> {
    let entries = std::fs::read_dir(dir).map_err(|e| Error::read(dir, e))?;
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(if names.is_empty() { "an empty folder".to_owned() } else { names.join(", ") })
}

/// A token that a class cannot do without.
pub(super) fn absent(path: &Path, role: &str, token: &str) -> Error {
    let problem = format!("the {role} {token:?} is not in the vocabulary; name the right one in tokenizer_config.json");
    Error::TokenizerFile { path: path.to_owned(), problem }
}
