//! Tokenisers in GGUF files: their metadata hold the vocabulary, the merges, the kind of pre-tokeniser, the special tokens and the
//! chat template.

mod document;
mod merges;
mod metadata;
mod pre_tokenizers;
mod vocabulary;

use super::document::VocabularySource;
use super::settings::Settings;
use crate::{Error, Result};
use align_gguf::{GgufFile, Metadata};
use serde_json::{Map, Value, json};
use std::path::Path;

/// The roles of special tokens, and the keys of their ids without `tokenizer.ggml.` and `_token_id`.
const ROLES: [(&str, &str); 4] =
    [("bos_token", "bos"), ("eos_token", "eos"), ("unk_token", "unknown"), ("pad_token", "padding")];
/// The key of the default chat template, and the start of those of others.
const CHAT_TEMPLATE: &str = "tokenizer.chat_template";
/// The key of the list of the other templates' names.
const CHAT_TEMPLATES: &str = "tokenizer.chat_templates";

/// Reads a file's tokeniser as the files that a folder of transformers would have: the fields of `tokenizer_config.json`, and
/// `tokenizer.json`.
pub(super) fn read(path: &Path) -> Result<(Settings, VocabularySource)> {
    let error = |problem: String| Error::TokenizerFile { path: path.to_owned(), problem };
    let file = GgufFile::open(path).map_err(|e| Error::Gguf(Box::new(e)))?;
    let metadata = file.metadata();
    let vocabulary = vocabulary::Vocabulary::read(metadata).map_err(error)?;
    let document = document::document(metadata, &vocabulary).map_err(error)?;
    let config = config(metadata, &vocabulary).map_err(error)?;
    let settings = Settings { dir: path.to_owned(), config, gguf: true, ..Settings::default() };
    Ok((settings, VocabularySource { path: path.to_owned(), file: Some(document) }))
}

/// The fields of `tokenizer_config.json`.
fn config(metadata: &Metadata, vocabulary: &vocabulary::Vocabulary) -> std::result::Result<Map<String, Value>, String> {
    let mut config = Map::from_iter([("tokenizer_class".to_owned(), "PreTrainedTokenizerFast".into())]);
    for (role, key) in ROLES {
        if let Some((token, _)) = vocabulary.special(metadata, key)? {
            config.insert(role.to_owned(), token.into());
        }
    }
    let text = |key: &str| metadata.text(key).map_err(|error| error.to_string());
    let default = text(CHAT_TEMPLATE)?;
    let names = metadata.texts(CHAT_TEMPLATES).map_err(|error| error.to_string())?.unwrap_or_default();
    let mut templates = Vec::new();
    templates.extend(default.map(|template| json!({"name": "default", "template": template})));
    for name in names.iter().filter(|name| *name != "default") {
        let template = text(&format!("{CHAT_TEMPLATE}.{name}"))?;
        templates.extend(template.map(|template| json!({"name": name, "template": template})));
    }
    match (default, templates.len()) {
        (_, 0) => {}
        (Some(template), 1) => drop(config.insert("chat_template".to_owned(), template.into())),
        _ => drop(config.insert("chat_template".to_owned(), templates.into())),
    }
    Ok(config)
}
