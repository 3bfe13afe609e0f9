//! The `tokenizer.json` documents that the tokeniser classes of Llama, Qwen2 and Gemma construct.

use super::settings::Settings;
use crate::Result;
use serde_json::{Value, json};

/// How Qwen2 splits a text into words.
const QWEN2_PATTERN: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// What a class takes from a folder.
pub(super) struct BpeParts {
    pub vocab: Value,
    pub merges: Value,
    pub post_processor: Value,
}

/// BPE over characters with byte fallback. Words begin with a low line, the first one too unless `add_prefix_space` is
/// false.
pub(super) fn llama(settings: &Settings, parts: &BpeParts, unk_token: Option<&str>) -> Result<Value> {
    let prefix = settings.flag("add_prefix_space")?.unwrap_or(true);
    // With `legacy`, each part of a text between special tokens gets a prefix.
    let legacy = settings.flag("legacy")?.unwrap_or(false) && unk_token.is_none();
    let scheme = match (prefix, legacy) {
        (false, _) => "never",
        (true, true) => "always",
        (true, false) => "first",
    };
    let pre_tokenizer = json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": false});
    // CodeLlama, which names its unknown token, always strips the first space.
    let strips = prefix || unk_token.is_some();
    Ok(document(parts, &Value::Null, &pre_tokenizer, &low_line_decoder(strips), &byte_fallback_model(parts, unk_token)))
}

/// As [`llama`], but words end with a space instead of beginning with it, and nothing is prefixed.
pub(super) fn gemma(parts: &BpeParts, unk_token: Option<&str>) -> Value {
    let normalizer = json!({"type": "Replace", "pattern": {"String": " "}, "content": "▁"});
    let pre_tokenizer =
        json!({"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": false});
    document(parts, &normalizer, &pre_tokenizer, &low_line_decoder(false), &byte_fallback_model(parts, unk_token))
}

/// Byte-level BPE with Unicode normalisation and a pattern of its own.
pub(super) fn qwen2(settings: &Settings, parts: &BpeParts) -> Result<Value> {
    let prefix = settings.flag("add_prefix_space")?.unwrap_or(false);
    let byte_level = |prefix: bool, use_regex: bool| json!({"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": true, "use_regex": use_regex});
    let split = json!({"type": "Split", "pattern": {"Regex": QWEN2_PATTERN}, "behavior": "Isolated", "invert": false});
    let pre_tokenizer = json!({"type": "Sequence", "pretokenizers": [split, byte_level(prefix, false)]});
    let model = json!({
        "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": "", "end_of_word_suffix": "",
        "fuse_unk": false, "byte_fallback": false, "vocab": parts.vocab, "merges": parts.merges,
    });
    Ok(document(parts, &json!({"type": "NFC"}), &pre_tokenizer, &byte_level(true, true), &model))
}

fn byte_fallback_model(parts: &BpeParts, unk_token: Option<&str>) -> Value {
    json!({
        "type": "BPE", "dropout": null, "unk_token": unk_token, "continuing_subword_prefix": null,
        "end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": true, "vocab": parts.vocab,
        "merges": parts.merges,
    })
}

fn low_line_decoder(strips: bool) -> Value {
    let mut decoders = vec![
        json!({"type": "Replace", "pattern": {"String": "▁"}, "content": " "}),
        json!({"type": "ByteFallback"}),
        json!({"type": "Fuse"}),
    ];
    decoders.extend(strips.then(|| json!({"type": "Strip", "content": " ", "start": 1, "stop": 0})));
    json!({"type": "Sequence", "decoders": decoders})
}

fn document(parts: &BpeParts, normalizer: &Value, pre_tokenizer: &Value, decoder: &Value, model: &Value) -> Value {
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer, "post_processor": parts.post_processor, "decoder": decoder, "model": model,
    })
}
