//! Saves a tokeniser in the file layout of transformers.

use super::special_tokens::ROLES;
use super::{Tokenizer, named_template};
use crate::output_file::write_file;
use crate::{Error, Result};
use serde_json::{Map, Value, json};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

impl Tokenizer {
    /// Writes `tokenizer.json`, `tokenizer_config.json` and the original vocabulary files, if any, to a folder that
    /// transformers and [`Tokenizer::from_pretrained`] can read. `tokenizer_config.json` includes the contents of
    /// `special_tokens_map.json` and `added_tokens.json`. If the process is killed while it replaces a tokeniser, the
    /// folder holds the old tokeniser, the new one or none, but never a mixture.
    ///
    /// # Errors
    /// When a file exists and `overwrite` is false, or a file cannot be written.
    pub fn save(&self, dir: impl AsRef<Path>, overwrite: bool) -> Result<()> {
        let dir = dir.as_ref();
        let document = self.inner.to_string(true).map_err(|e| Error::Tokenizer(e.to_string()))?;
        self.check_saved(&document)?;
        let templates = self.chat_templates.iter().map(|template| (template.file(), template.source.as_bytes()));
        let templates: Vec<(PathBuf, &[u8])> = templates.collect();
        let config = format!("{:#}\n", Value::Object(self.config_to_save()));
        let written = [("tokenizer.json", document.as_bytes()), ("tokenizer_config.json", config.as_bytes())];
        let copied = self.files.iter().map(|(name, bytes)| (*name, bytes.as_slice()));
        let named = written.into_iter().chain(copied).map(|(name, bytes)| (PathBuf::from(name), bytes));
        let mut files: Vec<(PathBuf, &[u8])> = named.chain(templates).collect();
        // tokenizer.json makes the folder a tokeniser, so it is written after the other files. The vocabulary files
        // duplicate its contents and come last.
        files.sort_by_key(|(name, _)| match name.to_str() {
            Some("tokenizer.json") => 1,
            Some("vocab.json" | "merges.txt" | "vocab.txt") => 2,
            _ => 0,
        });
        // Checked before anything is written, so that an error leaves the folder unchanged.
        if let Some(path) = files.iter().map(|(name, _)| dir.join(name)).find(|path| !overwrite && path.exists()) {
            return Err(Error::Exists { path });
        }
        for (name, _) in files.iter().rev() {
            remove(&dir.join(name))?;
        }
        if overwrite {
            // transformers would take them for templates of this tokeniser.
            named_template::files(dir)?.iter().try_for_each(|path| remove(path))?;
        }
        for (name, bytes) in files {
            let path = dir.join(name);
            write_file(&path, overwrite, |file| file.write_all(bytes).map_err(|e| Error::write(&path, e)))?;
        }
        Ok(())
    }

    /// Checks that no token is lost: the crate silently omits tokens that it cannot number.
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
        Err(Error::Tokenizer(format!("cannot be saved: only {count} of its {expected} tokens can be written")))
    }

    fn config_to_save(&self) -> Map<String, Value> {
        let mut config = self.config.clone();
        // The templates have files of their own, and the post-processor in tokenizer.json already adds BOS and EOS.
        for field in
            ["chat_template", "add_bos_token", "add_eos_token", "additional_special_tokens", "extra_special_tokens"]
        {
            config.remove(field);
        }
        let mut special = self.special.clone();
        for role in ROLES {
            // With null, transformers does not use the class's default token.
            config.insert(role.to_owned(), special.slot(role).take().into());
        }
        if !self.extra.is_empty() {
            config.insert("extra_special_tokens".to_owned(), self.extra.as_slice().into());
        }
        // With this field, transformers ignores a special_tokens_map.json that an earlier save left in the folder.
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

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::write(path, e)),
        _ => Ok(()),
    }
}
