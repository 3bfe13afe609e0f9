//! Builds the `tokenizer.json` document of a folder: the folder's own, or the one that its tokeniser class constructs.

use super::chat_model_documents::{self, BpeParts};
use super::class::TokenizerClass;
use super::file::{parse_json, read_if_exists};
use super::settings::Settings;
use super::vocabulary::{self, BertOptions};
use crate::{Error, Result};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The vocabulary of a folder.
pub(super) struct VocabularySource {
    /// The file that holds the vocabulary.
    pub path: PathBuf,
    /// The folder's `tokenizer.json`, if any.
    pub file: Option<Value>,
}

impl VocabularySource {
    /// Reads the folder's `tokenizer.json`, or else determines the vocabulary file.
    pub fn read(settings: &Settings, class: TokenizerClass) -> Result<Self> {
        let path = settings.dir.join("tokenizer.json");
        if let Some(bytes) = read_if_exists(&path)? {
            let file = Some(parse_json(&path, &bytes)?);
            return Ok(Self { path, file });
        }
        let name = if class.reads_vocabulary_files() { "vocab.json" } else { "vocab.txt" };
        Ok(Self { path: settings.dir.join(name), file: None })
    }

    /// The document to build the tokeniser from. `unk_token` is the unknown token of those models
    /// that name one.
    pub fn document(&self, settings: &Settings, class: TokenizerClass, unk_token: Option<&str>) -> Result<Value> {
        let missing = || no_tokenizer_error(settings, class);
        match (class, &self.file) {
            (TokenizerClass::Backend, Some(file)) => Ok(without_call_options(file.clone())),
            (TokenizerClass::Backend, None) => Err(missing()),
            (TokenizerClass::Gpt2, _) => {
                let parts = self.bpe_parts(settings, class)?;
                let add_prefix_space = settings.flag_or("add_prefix_space", false)?;
                Ok(vocabulary::byte_level_bpe(&parts.vocab, &parts.merges, add_prefix_space, &parts.post_processor))
            }
            (TokenizerClass::Qwen2, _) => chat_model_documents::qwen2(settings, &self.bpe_parts(settings, class)?),
            (TokenizerClass::Llama, _) => {
                chat_model_documents::llama(settings, &self.bpe_parts(settings, class)?, None)
            }
            (TokenizerClass::CodeLlama, _) => {
                chat_model_documents::llama(settings, &self.bpe_parts(settings, class)?, unk_token)
            }
            (TokenizerClass::Gemma, _) => Ok(chat_model_documents::gemma(&self.bpe_parts(settings, class)?, unk_token)),
            (TokenizerClass::Bert, file) => {
                let vocab = match file {
                    Some(file) => self.model(file, class, "WordPiece")?.get("vocab").cloned().unwrap_or_default(),
                    None => vocabulary::parse_vocab(&self.path, &read_if_exists(&self.path)?.ok_or_else(missing)?)?,
                };
                let default = BertOptions::default();
                let options = BertOptions {
                    do_lower_case: settings.flag_or("do_lower_case", default.do_lower_case)?,
                    tokenize_chinese_chars: settings
                        .flag_or("tokenize_chinese_chars", default.tokenize_chinese_chars)?,
                    strip_accents: settings.flag("strip_accents")?,
                };
                let unk_token = unk_token.unwrap_or("[UNK]");
                if vocab.as_object().is_some_and(|pieces| !pieces.contains_key(unk_token)) {
                    return Err(missing_token_error(&self.path, "unk_token", unk_token));
                }
                Ok(vocabulary::word_piece(&vocab, unk_token, options))
            }
        }
    }

    /// Vocabulary, merges and post-processor of a class with BPE.
    fn bpe_parts(&self, settings: &Settings, class: TokenizerClass) -> Result<BpeParts> {
        if let Some(file) = &self.file {
            let model = self.model(file, class, "BPE")?;
            let field = |object: &Value, name: &str| object.get(name).cloned().unwrap_or_default();
            let (vocab, merges) = (field(model, "vocab"), field(model, "merges"));
            return Ok(BpeParts { vocab, merges, post_processor: field(file, "post_processor") });
        }
        let missing = || no_tokenizer_error(settings, class);
        if !class.reads_vocabulary_files() {
            return Err(missing());
        }
        let merges = settings.dir.join("merges.txt");
        let vocab = parse_json(&self.path, &read_if_exists(&self.path)?.ok_or_else(missing)?)?;
        let merges = vocabulary::parse_merges(&merges, &read_if_exists(&merges)?.ok_or_else(missing)?)?;
        Ok(BpeParts { vocab, merges, post_processor: Value::Null })
    }

    /// The model of a `tokenizer.json`, which must have the type that the class expects.
    fn model<'a>(&self, file: &'a Value, class: TokenizerClass, kind: &str) -> Result<&'a Value> {
        let error = |problem| Error::TokenizerFile { path: self.path.clone(), problem };
        let model = file.get("model").ok_or_else(|| error("expected a field `model`".to_owned()))?;
        let merges = model.get("merges").is_some();
        // Old files do not name the model type.
        let found = model.get("type").and_then(Value::as_str).unwrap_or(if merges { "BPE" } else { "WordPiece" });
        if found == kind {
            return Ok(model);
        }
        Err(error(format!(
            "{} expects a model of the type {kind}, found {found}; set the right tokenizer_class in \
             tokenizer_config.json, or PreTrainedTokenizerFast to use the file unchanged",
            class.name()
        )))
    }
}

/// Removes truncation, padding and dropout, which callers request themselves.
fn without_call_options(mut document: Value) -> Value {
    for setting in ["truncation", "padding"] {
        if let Some(value) = document.get_mut(setting) {
            *value = Value::Null;
        }
    }
    if let Some(dropout) = document.pointer_mut("/model/dropout") {
        if dropout.as_f64().is_some_and(|rate| rate > 0.0) {
            tracing::warn!("the tokeniser's BPE dropout is ignored: encoding is deterministic");
        }
        *dropout = Value::Null;
    }
    document
}

fn no_tokenizer_error(settings: &Settings, class: TokenizerClass) -> Error {
    let found = match list_folder(&settings.dir) {
        Ok(found) => found,
        Err(problem) => return problem,
    };
    let expected = match class {
        TokenizerClass::Gpt2 | TokenizerClass::Qwen2 => "tokenizer.json, or vocab.json and merges.txt",
        TokenizerClass::Bert => "tokenizer.json, or vocab.txt",
        TokenizerClass::Backend | TokenizerClass::Llama | TokenizerClass::CodeLlama | TokenizerClass::Gemma => {
            "tokenizer.json"
        }
    };
    Error::NoTokenizer { path: settings.dir.clone(), class: class.name(), expected, found }
}

fn list_folder(dir: &Path) -> Result<String> {
    let entries = std::fs::read_dir(dir).map_err(|e| Error::read(dir, e))?;
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(if names.is_empty() { "an empty folder".to_owned() } else { names.join(", ") })
}

/// The error for a required special token that the vocabulary lacks.
pub(super) fn missing_token_error(path: &Path, role: &str, token: &str) -> Error {
    let problem = format!("the {role} {token:?} is not in the vocabulary; set the right one in tokenizer_config.json");
    Error::TokenizerFile { path: path.to_owned(), problem }
}
