//! A tokeniser out of a model's folder.

use super::guarded::Guarded;
use super::special_tokens::{Roles, SpecialTokens};
use super::{Tokenizer, check, vocabulary};
use crate::caught::caught;
use crate::{Error, Result};
use align_files::read_file;
use serde_json::{Map, Value};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Above this, `model_max_length` is transformers' way of saying that there is no limit.
const NO_LIMIT: f64 = 1e12;

/// Largest file of a tokeniser that is read, in bytes; that of a vocabulary of 256,000 tokens has some 30 MB.
const FILE_LIMIT: u64 = 128 << 20;

/// Files that are kept and written again beside `tokenizer.json`.
const COPIED: [&str; 6] =
    ["vocab.json", "merges.txt", "vocab.txt", "special_tokens_map.json", "added_tokens.json", "chat_template.jinja"];

impl Tokenizer {
    /// Reads the tokeniser of a model's folder in transformers' layout.
    ///
    /// It is built from `tokenizer.json`; or else from `vocab.json` and `merges.txt` (GPT-2's byte-level BPE); or else
    /// from `vocab.txt` (BERT's WordPiece, lower-case unless `tokenizer_config.json` says otherwise). Truncation,
    /// padding and BPE dropout that a `tokenizer.json` sets are left out: rows are cut and padded when asked.
    ///
    /// # Errors
    /// When the folder holds none of these, or a file cannot be read or contradicts another.
    pub fn from_pretrained(dir: impl AsRef<Path>) -> Result<Self> {
        let dir = dir.as_ref();
        let mut config = read_object(&dir.join("tokenizer_config.json"))?.unwrap_or_default();
        let map = read_object(&dir.join("special_tokens_map.json"))?.unwrap_or_default();
        let model_config = read_object(&dir.join("config.json"))?.unwrap_or_default();
        let roles = Roles { config: &config, map: &map, model_config: &model_config };

        let (path, mut document, class) = if let Some(bytes) = read(&dir.join("tokenizer.json"))? {
            let path = dir.join("tokenizer.json");
            let document = parse(&path, &bytes)?;
            (path, document, "PreTrainedTokenizerFast")
        } else if let (Some(vocab), Some(merges)) = (read(&dir.join("vocab.json"))?, read(&dir.join("merges.txt"))?) {
            let added = vocabulary::added_tokens(dir, &config)?;
            (dir.join("vocab.json"), vocabulary::byte_level_bpe(dir, &vocab, &merges, added, &roles)?, "GPT2Tokenizer")
        } else if let Some(vocab) = read(&dir.join("vocab.txt"))? {
            let added = vocabulary::added_tokens(dir, &config)?;
            (dir.join("vocab.txt"), vocabulary::word_piece(dir, &vocab, added, &roles)?, "BertTokenizer")
        } else {
            return Err(Error::NoTokenizer { path: dir.to_owned(), found: contents(dir)? });
        };

        vocabulary::check_merges(&path, &document)?;
        check::check(&path, &document)?;
        without_settings(&mut document);
        let (inner, special) = build(&path, &document, &roles)?;

        let model_max_length = max_length(&dir.join("tokenizer_config.json"), &config)?;
        let mut files = Vec::new();
        for name in COPIED {
            if let Some(bytes) = read(&dir.join(name))? {
                files.push((name, bytes));
            }
        }
        config.entry("tokenizer_class").or_insert_with(|| class.into());
        Ok(Self { inner, special, model_max_length, config, files: Arc::new(files) })
    }
}

/// Builds the tokeniser that the checked document describes. What still makes the crate panic is an error.
fn build(path: &Path, document: &Value, roles: &Roles<'_>) -> Result<(Guarded, SpecialTokens)> {
    let fault = |problem: String| Error::TokenizerFile { path: path.to_owned(), problem };
    caught(|| {
        let mut inner = tokenizers::Tokenizer::from_bytes(document.to_string().as_bytes())
            .map_err(|problem| fault(problem.to_string()))?;
        check_added_ids(path, document, &inner)?;
        let special = SpecialTokens::resolve(path, roles, &mut inner)?;
        Ok((Guarded::new(inner, path).tried().map_err(fault)?, special))
    })
    .unwrap_or_else(|panic| Err(fault(format!("the tokenizers library fails on it: {panic}"))))
}

/// A file's bytes, or `None` where there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match read_file(path, FILE_LIMIT) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::read(path, e)),
    }
}

pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Value> {
    // A byte-order mark, which some editors write, is no part of the text.
    serde_json::from_slice(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))
        .map_err(|e| Error::TokenizerFile { path: path.to_owned(), problem: format!("not valid JSON: {e}") })
}

pub(super) fn read_object(path: &Path) -> Result<Option<Map<String, Value>>> {
    let Some(bytes) = read(path)? else { return Ok(None) };
    match parse(path, &bytes)? {
        Value::Object(object) => Ok(Some(object)),
        _ => Err(Error::TokenizerFile { path: path.to_owned(), problem: "expected a JSON object".to_owned() }),
    }
}

fn contents(dir: &Path) -> Result<String> {
    let entries = fs::read_dir(dir).map_err(|e| Error::read(dir, e))?;
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(if names.is_empty() { "an empty folder".to_owned() } else { names.join(", ") })
}

/// Takes out what would change rows without being asked.
fn without_settings(document: &mut Value) {
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
}

/// The model's embedding counts on the ids that the file gives to added tokens.
fn check_added_ids(path: &Path, document: &Value, inner: &tokenizers::Tokenizer) -> Result<()> {
    let added = document.get("added_tokens").and_then(Value::as_array);
    for token in added.into_iter().flatten() {
        let (Some(content), Some(id)) =
            (token.get("content").and_then(Value::as_str), token.get("id").and_then(Value::as_u64))
        else {
            continue;
        };
        let found = inner.token_to_id(content);
        if found.map(u64::from) != Some(id) {
            let found = found.map_or("none".to_owned(), |found| found.to_string());
            return Err(Error::TokenizerFile {
                path: path.to_owned(),
                problem: format!(
                    "added token {content:?}: expected id {id}, found {found}; ids must follow the vocabulary"
                ),
            });
        }
    }
    Ok(())
}

fn max_length(path: &Path, config: &Map<String, Value>) -> Result<Option<usize>> {
    match config.get("model_max_length") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_f64() {
            Some(length) if length >= NO_LIMIT => Ok(None),
            Some(length) if length >= 1.0 => Ok(Some(length as usize)),
            _ => Err(Error::TokenizerFile {
                path: path.to_owned(),
                problem: format!("model_max_length: expected a number of tokens of at least 1, found {value}"),
            }),
        },
    }
}
