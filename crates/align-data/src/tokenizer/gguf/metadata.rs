//! The metadata of a tokeniser, for a GGUF file.

use super::document::SPACE;
use super::merges::to_scores;
use super::pre_tokenizers::{PRE_TOKENIZERS, PreTokenizer};
use super::vocabulary::{BYTE, CONTROL, NORMAL, UNKNOWN, UNUSED, USER_DEFINED, padding_token};
use super::{CHAT_TEMPLATE, CHAT_TEMPLATES, ROLES};
use crate::tokenizer::Tokenizer;
use crate::{Error, Result};
use align_gguf::Metadata;
use serde_json::Value;

/// How llama.cpp splits a text.
enum Splitting {
    /// Byte-level BPE with a known pre-tokeniser.
    Bytes(&'static PreTokenizer),
    /// SentencePiece BPE, with or without a space before a text.
    SentencePiece { add_space_prefix: bool },
}

impl Tokenizer {
    /// The metadata of this tokeniser for a GGUF file: tokens with their types, merges, the kind of pre-tokeniser, special tokens and
    /// chat templates. Ids up to the number of the model's `embeddings` that have no token are filled up.
    ///
    /// # Errors
    /// When llama.cpp has no such tokeniser. The message names the part.
    pub fn gguf_metadata(&self, embeddings: i64) -> Result<Metadata> {
        let fail = |problem: String| Error::Tokenizer(format!("the tokeniser cannot be written as GGUF: {problem}"));
        let text = self.inner.to_string(false).map_err(|e| Error::Tokenizer(e.to_string()))?;
        let document: Value = serde_json::from_str(&text).map_err(|e| Error::Tokenizer(e.to_string()))?;
        let splitting = splitting(&document).map_err(fail)?;
        let merges = merges(&document).map_err(fail)?;
        let byte_fallback = matches!(splitting, Splitting::SentencePiece { .. });
        let (tokens, kinds) = self.tokens_and_kinds(embeddings, byte_fallback).map_err(fail)?;

        let mut metadata = Metadata::default();
        match splitting {
            Splitting::Bytes(known) => {
                metadata.set("tokenizer.ggml.model", "gpt2");
                metadata.set("tokenizer.ggml.pre", known.names.first().copied().unwrap_or_default());
            }
            Splitting::SentencePiece { add_space_prefix } => {
                metadata.set("tokenizer.ggml.model", "llama");
                metadata.set("tokenizer.ggml.pre", "default");
                metadata.set("tokenizer.ggml.add_space_prefix", add_space_prefix);
                let merged: Vec<String> = merges.iter().map(|(left, right)| format!("{left}{right}")).collect();
                metadata.set("tokenizer.ggml.scores", to_scores(&tokens, merged.iter().map(String::as_str)));
            }
        }
        metadata.set("tokenizer.ggml.tokens", tokens);
        metadata.set("tokenizer.ggml.token_type", kinds);
        let merges: Vec<String> = merges.iter().map(|(left, right)| format!("{left} {right}")).collect();
        metadata.set("tokenizer.ggml.merges", merges);
        self.set_special_tokens(&mut metadata).map_err(fail)?;
        self.set_chat_templates(&mut metadata);
        Ok(metadata)
    }

    /// All tokens by id, and the kind of each.
    fn tokens_and_kinds(
        &self,
        embeddings: i64,
        byte_fallback: bool,
    ) -> std::result::Result<(Vec<String>, Vec<i32>), String> {
        let count = usize::try_from(embeddings).unwrap_or(0);
        let mut tokens: Vec<String> = (0..count).map(padding_token).collect();
        let mut kinds = vec![UNUSED; count];
        let added = self.inner.get_added_tokens_decoder();
        for (token, id) in self.inner.get_vocab(true) {
            let is_unknown = byte_fallback && self.special.unk.as_deref() == Some(&token);
            let kind = match added.get(&id) {
                Some(_) if is_unknown => UNKNOWN,
                Some(token) if token.special => CONTROL,
                Some(_) => USER_DEFINED,
                None if byte_fallback && is_byte(&token) => BYTE,
                None => NORMAL,
            };
            let slot = tokens.get_mut(id as usize).zip(kinds.get_mut(id as usize));
            let (slot, slot_kind) = slot.ok_or_else(|| format!("the token {token:?} (id {id}) has no embedding"))?;
            (*slot, *slot_kind) = (token, kind);
        }
        Ok((tokens, kinds))
    }

    fn set_special_tokens(&self, metadata: &mut Metadata) -> std::result::Result<(), String> {
        let mut special = self.special.clone();
        for (role, key) in ROLES {
            let id = special.slot(role).as_ref().and_then(|token| self.inner.token_to_id(token));
            if let Some(id) = id {
                metadata.set(format!("tokenizer.ggml.{key}_token_id"), id);
            }
        }
        let before = self.special_ids.len().saturating_sub(self.suffix_ids.len());
        let (before, after) = self.special_ids.split_at_checked(before).unwrap_or_default();
        for (role, key, added, own) in
            [("BOS", "bos", before, self.bos_token_id()), ("EOS", "eos", after, self.eos_token_id())]
        {
            let adds = match added {
                [] => false,
                [id] if Some(*id) == own => true,
                _ => return Err(format!("it adds other tokens than {role} to a text")),
            };
            metadata.set(format!("tokenizer.ggml.add_{key}_token"), adds);
        }
        Ok(())
    }

    fn set_chat_templates(&self, metadata: &mut Metadata) {
        let mut names = Vec::new();
        for template in self.chat_templates.iter() {
            if template.name == "default" {
                metadata.set(CHAT_TEMPLATE, template.source.as_str());
            } else {
                metadata.set(format!("{CHAT_TEMPLATE}.{}", template.name), template.source.as_str());
                names.push(template.name.clone());
            }
        }
        if !names.is_empty() {
            metadata.set(CHAT_TEMPLATES, names);
        }
    }
}

/// Whether a token stands for one byte: `<0x0A>`.
fn is_byte(token: &str) -> bool {
    let digits = token.strip_prefix("<0x").and_then(|rest| rest.strip_suffix('>'));
    digits.is_some_and(|digits| digits.len() == 2 && u8::from_str_radix(digits, 16).is_ok())
}

/// How llama.cpp splits texts as this `tokenizer.json` does.
fn splitting(document: &Value) -> std::result::Result<Splitting, String> {
    let part = |name: &str| document.get(name).cloned().unwrap_or_default();
    let model = part("model");
    if model.get("type").and_then(Value::as_str) != Some("BPE") {
        return Err(format!("it has a model of the type {}, expected BPE", model.get("type").unwrap_or(&Value::Null)));
    }
    let flag = |name: &str| model.get(name).and_then(Value::as_bool).unwrap_or(false);
    let (normalizer, steps) = (without_empty_sequence(part("normalizer")), without_offsets(part("pre_tokenizer")));
    let known = PRE_TOKENIZERS.iter().find(|known| {
        known.normalizer() == normalizer
            && without_offsets(known.steps()) == steps
            && known.ignore_merges == flag("ignore_merges")
    });
    // With a known byte-level pre-tokeniser, byte fallback has no effect: every byte has a token.
    if known.is_none() && flag("byte_fallback") {
        return sentence_piece(&normalizer, &steps);
    }
    known.map(Splitting::Bytes).ok_or_else(|| {
        format!(
            "its normaliser or pre-tokeniser is not one of those that llama.cpp has a name for ({})",
            PreTokenizer::known()
        )
    })
}

/// SentencePiece's treatment of spaces, in one of the forms in which transformers writes it.
fn sentence_piece(normalizer: &Value, steps: &Value) -> std::result::Result<Splitting, String> {
    let text = |value: &Value, field: &str| value.get(field).and_then(Value::as_str).map(str::to_owned);
    let is = |value: &Value, kind: &str| text(value, "type").as_deref() == Some(kind);
    let replaces = |value: &Value| {
        is(value, "Replace")
            && text(value, "content").as_deref() == Some(SPACE)
            && value.pointer("/pattern/String").and_then(Value::as_str) == Some(" ")
    };
    let prepends = |value: &Value| is(value, "Prepend") && text(value, "prepend").as_deref() == Some(SPACE);
    let sequence = normalizer.get("normalizers").and_then(Value::as_array).map(Vec::as_slice);
    // Gemma's splitting at spaces has no effect, since they are replaced before.
    let no_steps = steps.is_null() || is(steps, "Split") && steps.pointer("/pattern/String") == Some(&" ".into());
    let add_space_prefix = match (normalizer, sequence) {
        (_, Some([one, two])) if no_steps && prepends(one) && replaces(two) => Some(true),
        (_, Some([one])) if no_steps && replaces(one) => Some(false),
        (normalizer, None) if no_steps && replaces(normalizer) => Some(false),
        (Value::Null, None) if is(steps, "Metaspace") && steps.get("split") == Some(&false.into()) => {
            Some(text(steps, "prepend_scheme").as_deref() != Some("never"))
        }
        _ => None,
    };
    let add_space_prefix =
        add_space_prefix.ok_or("its normaliser or pre-tokeniser is not that of a SentencePiece model")?;
    Ok(Splitting::SentencePiece { add_space_prefix })
}

/// No normaliser in place of a sequence without steps.
fn without_empty_sequence(normalizer: Value) -> Value {
    match normalizer.get("normalizers").and_then(Value::as_array) {
        Some(steps) if steps.is_empty() => Value::Null,
        _ => normalizer,
    }
}

/// A pre-tokeniser without the field that changes only the positions of tokens.
fn without_offsets(mut steps: Value) -> Value {
    if let Some(list) = steps.get_mut("pretokenizers").and_then(Value::as_array_mut) {
        list.iter_mut().for_each(|step| *step = without_offsets(step.take()));
    }
    if let Some(step) = steps.as_object_mut() {
        step.remove("trim_offsets");
    }
    steps
}

/// The pairs of tokens that are merged, in order.
fn merges(document: &Value) -> std::result::Result<Vec<(String, String)>, String> {
    let merges = document.pointer("/model/merges").and_then(Value::as_array).ok_or("it has no merges")?;
    let pair = |merge: &Value| match merge {
        Value::String(line) => line.split_once(' ').map(|(left, right)| (left.to_owned(), right.to_owned())),
        _ => merge
            .get(0)
            .and_then(Value::as_str)
            .zip(merge.get(1).and_then(Value::as_str))
            .map(|(left, right)| (left.to_owned(), right.to_owned())),
    };
    let pairs =
        merges.iter().map(|merge| pair(merge).filter(|(left, right)| !left.contains(' ') && !right.contains(' ')));
    pairs.collect::<Option<Vec<_>>>().ok_or_else(|| "a merge has a token with a space".to_owned())
}
