//! Which tokens have a role: what the files say, in transformers' order of precedence.

use crate::{Error, Result};
use serde_json::{Map, Value};
use std::path::Path;
use tokenizers::AddedToken;

/// The tokens with a role of their own, as they are written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpecialTokens {
    /// Begins a text.
    pub bos: Option<String>,
    /// Ends a text.
    pub eos: Option<String>,
    /// Fills rows up.
    pub pad: Option<String>,
    /// Stands for parts of a text that no token covers.
    pub unk: Option<String>,
    /// Begins a text for a classifier.
    pub cls: Option<String>,
    /// Ends a text for a classifier.
    pub sep: Option<String>,
    /// Stands for a masked token.
    pub mask: Option<String>,
}

/// Where roles are named: `tokenizer_config.json`, `special_tokens_map.json`, `config.json`.
pub(super) struct Roles<'a> {
    pub config: &'a Map<String, Value>,
    pub map: &'a Map<String, Value>,
    pub model_config: &'a Map<String, Value>,
}

impl Roles<'_> {
    /// The token that the tokeniser's own files name for a role such as `eos_token`.
    pub fn named(&self, role: &str) -> Option<AddedToken> {
        [self.config, self.map].into_iter().find_map(|file| file.get(role).and_then(added_token))
    }

    /// The first id that `config.json` gives to a role such as `eos_token`.
    fn id(&self, role: &str) -> Option<u32> {
        let value = self.model_config.get(&format!("{role}_id"))?;
        let first = value.as_array().map_or(Some(value), |ids| ids.first())?;
        u32::try_from(first.as_u64()?).ok()
    }
}

/// The roles with the names that a vocabulary without any word on them uses.
const WELL_KNOWN: [(&str, &[&str]); 7] = [
    ("bos_token", &["<|endoftext|>", "<s>"]),
    ("eos_token", &["<|endoftext|>", "</s>"]),
    ("pad_token", &["[PAD]", "<pad>"]),
    ("unk_token", &["[UNK]", "<unk>", "<|endoftext|>"]),
    ("cls_token", &["[CLS]"]),
    ("sep_token", &["[SEP]"]),
    ("mask_token", &["[MASK]", "<mask>"]),
];

impl SpecialTokens {
    /// Finds the roles and sees to it that their tokens are never split in a text and skipped when decoding.
    pub(super) fn resolve(path: &Path, roles: &Roles<'_>, inner: &mut tokenizers::Tokenizer) -> Result<Self> {
        let mut special = Self::default();
        for (role, well_known) in WELL_KNOWN {
            let Some(token) = find(role, well_known, roles, inner) else {
                continue;
            };
            let content = token.content.clone();
            if !is_special(inner, &content) {
                inner.add_special_tokens([token]).map_err(|e| Error::TokenizerFile {
                    path: path.to_owned(),
                    problem: format!("{role} {content:?} cannot be added: {e}"),
                })?;
            }
            let slot = match role {
                "bos_token" => &mut special.bos,
                "eos_token" => &mut special.eos,
                "pad_token" => &mut special.pad,
                "unk_token" => &mut special.unk,
                "cls_token" => &mut special.cls,
                "sep_token" => &mut special.sep,
                _ => &mut special.mask,
            };
            *slot = Some(content);
        }
        Ok(special)
    }
}

fn find(role: &str, well_known: &[&str], roles: &Roles<'_>, inner: &tokenizers::Tokenizer) -> Option<AddedToken> {
    if let Some(token) = roles.named(role) {
        return Some(token);
    }
    // An id alone is not trusted with an ordinary token: `eos_token_id` of another vocabulary may point to a letter.
    let by_id = roles.id(role).and_then(|id| inner.id_to_token(id));
    if let Some(token) = by_id.filter(|token| well_known.contains(&token.as_str()) || is_special(inner, token)) {
        return Some(AddedToken::from(token, true));
    }
    let in_vocabulary = well_known.iter().find(|name| inner.token_to_id(name).is_some())?;
    Some(AddedToken::from(*in_vocabulary, true))
}

fn is_special(inner: &tokenizers::Tokenizer, token: &str) -> bool {
    inner.get_added_tokens_decoder().values().any(|added| added.special && added.content == token)
}

/// A token as the files write it: a string, or an object with `content` and how it matches.
fn added_token(value: &Value) -> Option<AddedToken> {
    let flag = |name: &str| value.get(name).and_then(Value::as_bool).unwrap_or(false);
    let content = value.as_str().or_else(|| value.get("content").and_then(Value::as_str))?;
    if content.is_empty() {
        return None;
    }
    Some(
        AddedToken::from(content, true)
            .lstrip(flag("lstrip"))
            .rstrip(flag("rstrip"))
            .single_word(flag("single_word"))
            .normalized(flag("normalized")),
    )
}
