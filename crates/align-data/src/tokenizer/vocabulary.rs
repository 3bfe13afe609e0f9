//! Converts vocabulary files that predate `tokenizer.json` to the equivalent document.

use crate::{Error, Result};
use serde_json::{Map, Value, json};
use std::path::Path;

/// Parses a `merges.txt`: one pair of tokens per line.
pub(super) fn parse_merges(path: &Path, bytes: &[u8]) -> Result<Value> {
    let mut pairs = Vec::new();
    for (index, line) in utf8(path, bytes)?.lines().enumerate() {
        if line.is_empty() || line.starts_with("#version") {
            continue;
        }
        match line.split_once(' ') {
            Some((left, right)) if !left.is_empty() && !right.is_empty() && !right.contains(' ') => {
                pairs.push(json!([left, right]));
            }
            _ => {
                let line_number = index + 1;
                return Err(file_error(path, format!("line {line_number}: expected two tokens, found {line:?}")));
            }
        }
    }
    Ok(Value::Array(pairs))
}

/// Parses a `vocab.txt`: one token per line, numbered from 0.
pub(super) fn parse_vocab(path: &Path, bytes: &[u8]) -> Result<Value> {
    let lines = utf8(path, bytes)?.lines().enumerate();
    Ok(Value::Object(lines.map(|(id, line)| (line.trim_end().to_owned(), id.into())).collect()))
}

/// A byte-level BPE tokeniser like GPT-2's.
pub(super) fn byte_level_bpe(vocab: &Value, merges: &Value, add_prefix_space: bool, post_processor: &Value) -> Value {
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
        "pre_tokenizer": {
            "type": "ByteLevel", "add_prefix_space": add_prefix_space, "trim_offsets": true, "use_regex": true,
        },
        "post_processor": post_processor,
        "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
        "model": {
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": "",
            "end_of_word_suffix": "", "fuse_unk": false, "byte_fallback": false, "vocab": vocab, "merges": merges,
        },
    })
}

/// Options of BERT's normaliser.
#[derive(Clone, Copy)]
pub(super) struct BertOptions {
    pub do_lower_case: bool,
    pub tokenize_chinese_chars: bool,
    /// Same as `do_lower_case` if not set.
    pub strip_accents: Option<bool>,
}

impl Default for BertOptions {
    fn default() -> Self {
        Self { do_lower_case: true, tokenize_chinese_chars: true, strip_accents: None }
    }
}

/// A WordPiece tokeniser like BERT's, still without its post-processor.
pub(super) fn word_piece(vocab: &Value, unk_token: &str, options: BertOptions) -> Value {
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
        "normalizer": {
            "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": options.tokenize_chinese_chars,
            "strip_accents": options.strip_accents, "lowercase": options.do_lower_case,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": null,
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
        "model": {
            "type": "WordPiece", "unk_token": unk_token, "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocab,
        },
    })
}

/// A post-processor that adds tokens before and after a text or a pair of texts.
pub(super) fn template_processing(before: &[(&str, u32)], after: &[(&str, u32)]) -> Value {
    let special = |(token, _): &(&str, u32), part: u8| json!({"SpecialToken": {"id": token, "type_id": part}});
    let text = |id: &str, part: u8| json!({"Sequence": {"id": id, "type_id": part}});
    let mut single: Vec<Value> = before.iter().map(|token| special(token, 0)).collect();
    single.push(text("A", 0));
    single.extend(after.iter().map(|token| special(token, 0)));
    let mut pair = single.clone();
    pair.push(text("B", 1));
    pair.extend(after.iter().map(|token| special(token, 1)));
    let tokens: Map<String, Value> = before
        .iter()
        .chain(after)
        .map(|(token, id)| ((*token).to_owned(), json!({"id": token, "ids": [id], "tokens": [token]})))
        .collect();
    json!({"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": tokens})
}

/// Checks that the result of each merge is in the vocabulary: otherwise the tokenizers crate would index out of bounds.
pub(super) fn check_merges(path: &Path, document: &Value) -> Result<()> {
    let Some(model) = document.get("model") else {
        return Ok(());
    };
    let (Some(vocab), Some(merges)) =
        (model.get("vocab").and_then(Value::as_object), model.get("merges").and_then(Value::as_array))
    else {
        return Ok(());
    };
    let prefix = model.get("continuing_subword_prefix").and_then(Value::as_str).unwrap_or("");
    for merge in merges {
        let parts = match merge {
            Value::String(line) => line.split_once(' '),
            _ => merge.get(0).and_then(Value::as_str).zip(merge.get(1).and_then(Value::as_str)),
        };
        let merged = parts.and_then(|(left, right)| {
            // The crate strips the prefix from the right token without checking it.
            let right = right.get(prefix.len()..)?;
            Some(format!("{left}{right}"))
        });
        if merged.is_none_or(|merged| !vocab.contains_key(&merged)) {
            return Err(file_error(
                path,
                format!("merge {merge}: expected two tokens that make a token of the vocabulary"),
            ));
        }
    }
    Ok(())
}

fn utf8<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a str> {
    std::str::from_utf8(bytes).map_err(|_| file_error(path, "not UTF-8 text".to_owned()))
}

fn file_error(path: &Path, problem: String) -> Error {
    Error::TokenizerFile { path: path.to_owned(), problem }
}
