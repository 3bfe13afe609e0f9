//! A tokeniser into a folder that transformers reads.

use super::Tokenizer;
use super::special_tokens::ROLES;
use crate::atomic::write_file;
use crate::{Error, Result};
use serde_json::{Map, Value, json};
use std::io::Write;
use std::path::Path;

impl Tokenizer {
    /// Writes `tokenizer.json`, `tokenizer_config.json` and the vocabulary's own files, where it came with some, to a
    /// folder; transformers and [`Tokenizer::from_pretrained`] read them. What `special_tokens_map.json` and
    /// `added_tokens.json` said stands in `tokenizer_config.json`.
    ///
    /// # Errors
    /// When a file exists and `overwrite` is false, or cannot be written.
    pub fn save(&self, dir: impl AsRef<Path>, overwrite: bool) -> Result<()> {
        let dir = dir.as_ref();
        let document = self.inner.to_string(true).map_err(|e| Error::Tokenizer(e.to_string()))?;
        self.check_saved(&document)?;
        let config = format!("{:#}\n", Value::Object(self.config_to_save()));
        let written = [("tokenizer.json", document.as_bytes()), ("tokenizer_config.json", config.as_bytes())];
        let copied = self.files.iter().map(|(name, bytes)| (*name, bytes.as_slice()));
        let files: Vec<(&str, &[u8])> = written.into_iter().chain(copied).collect();
        // Looked at before anything is written, so that a refusal leaves the folder as it was.
        if let Some(path) = files.iter().map(|(name, _)| dir.join(name)).find(|path| !overwrite && path.exists()) {
            return Err(Error::Exists { path });
        }
        for (name, bytes) in files {
            let path = dir.join(name);
            write_file(&path, overwrite, |file| file.write_all(bytes).map_err(|e| Error::write(&path, e)))?;
        }
        Ok(())
    }

    /// The crate leaves out tokens that it cannot number: such a file would take the place of a whole one.
    fn check_saved(&self, document: &str) -> Result<()> {
        let saved: Value = serde_json::from_str(document).map_err(|e| Error::Tokenizer(e.to_string()))?;
        let count = match saved.pointer("/model/vocab") {
            Some(Value::Object(tokens)) => tokens.len(),
            Some(Value::Array(pieces)) => pieces.len(),
            _ => 0,
        };
        let expected = self.inner.get_vocab_size(false);
        if count == expected {
            return Ok(());
        }
        Err(Error::Tokenizer(format!("cannot be saved: {count} of its {expected} tokens can be written")))
    }

    fn config_to_save(&self) -> Map<String, Value> {
        let mut config = self.config.clone();
        // The post-processor in tokenizer.json does what the first two ask for.
        for field in ["add_bos_token", "add_eos_token", "additional_special_tokens", "extra_special_tokens"] {
            config.remove(field);
        }
        let mut special = self.special.clone();
        for role in ROLES {
            // A null keeps transformers from the class's usual token.
            config.insert(role.to_owned(), special.slot(role).take().into());
        }
        if !self.extra.is_empty() {
            config.insert("extra_special_tokens".to_owned(), self.extra.as_slice().into());
        }
        // With this field transformers passes over a special_tokens_map.json that an older run left in the folder.
        let added = self.inner.get_added_tokens_decoder();
        let mut added: Vec<_> = added.into_iter().collect();
        added.sort_unstable_by_key(|(id, _)| *id);
        let token = |(id, token): (u32, tokenizers::AddedToken)| {
            let flags = json!({
                "content": token.content, "lstrip": token.lstrip, "normalized": token.normalized,
                "rstrip": token.rstrip, "single_word": token.single_word, "special": token.special,
            });
            (id.to_string(), flags)
        };
        config.insert("added_tokens_decoder".to_owned(), Value::Object(added.into_iter().map(token).collect()));
        if self.model_max_length.is_none() {
            config.remove("model_max_length");
        }
        config
    }
}
