//! A tokeniser into a folder that transformers reads.

use super::Tokenizer;
use crate::atomic::write_file;
use crate::{Error, Result};
use serde_json::{Map, Value};
use std::io::{ErrorKind, Write};
use std::path::Path;

impl Tokenizer {
    /// Writes `tokenizer.json`, `tokenizer_config.json` and the vocabulary's own files, where it came with some, to a
    /// folder; transformers and [`Tokenizer::from_pretrained`] read them. Whatever process is killed, a folder that held another of
    /// the same files holds that one, the new one, or none.
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
        let mut files: Vec<(&str, &[u8])> = written.into_iter().chain(copied).collect();
        // What makes the folder a tokeniser's comes last, and the vocabulary, which tokenizer.json holds too, after that.
        files.sort_by_key(|(name, _)| match *name {
            "tokenizer.json" => 1,
            "vocab.json" | "merges.txt" | "vocab.txt" => 2,
            _ => 0,
        });
        // Looked at before anything is written, so that a refusal leaves the folder as it was.
        if let Some(path) = files.iter().map(|(name, _)| dir.join(name)).find(|path| !overwrite && path.exists()) {
            return Err(Error::Exists { path });
        }
        for (name, _) in files.iter().rev() {
            match std::fs::remove_file(dir.join(name)) {
                Err(e) if e.kind() != ErrorKind::NotFound => return Err(Error::write(&dir.join(name), e)),
                _ => {}
            }
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
        let special = &self.special;
        let roles = [
            ("bos_token", &special.bos),
            ("eos_token", &special.eos),
            ("pad_token", &special.pad),
            ("unk_token", &special.unk),
            ("cls_token", &special.cls),
            ("sep_token", &special.sep),
            ("mask_token", &special.mask),
        ];
        for (role, token) in roles {
            let silent = config.get(role).is_none_or(Value::is_null);
            if let (true, Some(token)) = (silent, token) {
                config.insert(role.to_owned(), token.as_str().into());
            }
        }
        if self.model_max_length.is_none() {
            config.remove("model_max_length");
        }
        config
    }
}
