//! `tokenizer.json` files that would make the tokenizers crate panic, abort or run for minutes.
#![allow(dead_code)]

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

/// Five words, split at spaces.
pub fn document() -> Value {
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
        "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": null, "decoder": null,
        "model": {"type": "WordLevel", "vocab": {"[UNK]": 0, "a": 1, "film": 2, "b": 3, "aa": 4}, "unk_token": "[UNK]"},
    })
}

pub fn with(part: &str, value: Value) -> Value {
    let mut document = document();
    document[part] = value;
    document
}

pub fn replace(pattern: &str, content: &str) -> Value {
    json!({"type": "Replace", "pattern": {"String": pattern}, "content": content})
}

pub fn sequence(steps: Vec<Value>) -> Value {
    json!({"type": "Sequence", "normalizers": steps})
}

pub fn regex(expression: &str) -> Value {
    json!({"type": "Split", "pattern": {"Regex": expression}, "behavior": "Isolated", "invert": false})
}

/// A character map: the declared length of the trie, its units, and the replacements.
pub fn charsmap(length: u32, units: &[u32], texts: &str) -> Value {
    let units: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let bytes = [&length.to_le_bytes()[..], &units, texts.as_bytes()].concat();
    json!({"type": "Precompiled", "precompiled_charsmap": BASE64_STANDARD.encode(bytes)})
}

pub fn template(single: Value, tokens: Value) -> Value {
    let pair = json!([{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}]);
    json!({"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": tokens})
}

pub fn word_piece(longest: Value) -> Value {
    json!({
        "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
        "max_input_chars_per_word": longest, "vocab": {"[UNK]": 0, "a": 1, "##a": 2},
    })
}

pub fn words(ids: Value) -> Value {
    json!({"type": "WordLevel", "vocab": ids, "unk_token": "[UNK]"})
}

pub fn added(id: u64) -> Value {
    json!([{
        "id": id, "content": "zzzz", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
        "special": false,
    }])
}

/// A document and the expected parts of the error.
type Hostile = (Value, &'static [&'static str]);

/// All documents with their expected errors.
pub fn documents() -> Vec<Hostile> {
    [steps(), growing_steps(), models(), post_processors(), added_tokens()].concat()
}

/// Steps that are invalid or have no end.
fn steps() -> Vec<Hostile> {
    vec![
        (with("pre_tokenizer", regex("(a+)+$")), &["pre_tokenizer, step 1, Split", "(a+)+$", "retry-limit"]),
        (with("normalizer", replace("", "b")), &["normalizer, step 1, Replace", "pattern is empty"]),
        (with("decoder", replace("", "b")), &["decoder, step 1, Replace", "pattern is empty"]),
        (with("pre_tokenizer", regex("[")), &["Split", "\"[\""]),
        (with("pre_tokenizer", json!({"type": "FixedLength", "length": 0})), &["FixedLength", "length is 0"]),
        (with("normalizer", charsmap(0, &[], "")), &["Precompiled", "unit 0 of a trie of 0"]),
        (with("normalizer", charsmap(0xffff_fffc, &[], "")), &["Precompiled", "declares 4294967292 bytes, 0 are left"]),
        (with("normalizer", charsmap(16, &[0xdead_beef; 4], "x\0")), &["Precompiled", "of a trie of 4"]),
        (with("normalizer", charsmap(6, &[0, 0], "")), &["Precompiled", "6 bytes, expected a multiple of 4"]),
        (
            with("normalizer", json!({"type": "Precompiled", "precompiled_charsmap": ""})),
            &["Precompiled", "precompiled_charsmap: it is empty"],
        ),
        (
            with("decoder", json!({"type": "Strip", "content": "a", "start": 0, "stop": 1_u64 << 60})),
            &["decoder, step 1, Strip", "stop is 1152921504606846976, expected 0 to 1000"],
        ),
    ]
}

/// Steps that expand a text.
fn growing_steps() -> Vec<Hostile> {
    vec![
        (
            with("normalizer", sequence(vec![replace("a", &"a".repeat(100_000)); 3])),
            &["normalizer, step 2, Replace", "expand one byte to 100000 bytes, expected at most 256"],
        ),
        (
            with("normalizer", sequence(vec![replace("a", "aa"); 24])),
            &["normalizer, step 10, Replace", "expand one byte to 512 bytes"],
        ),
        (
            with("decoder", json!({"type": "Sequence", "decoders": vec![replace("a", "aa"); 24]})),
            &["decoder, step 10, Replace", "expand one byte to 512 bytes"],
        ),
        (
            with("normalizer", sequence(vec![json!({"type": "ByteLevel"}); 24])),
            &["normalizer, step 10, ByteLevel", "expand one byte to 512 bytes"],
        ),
        (
            with("normalizer", sequence(vec![json!({"type": "Lowercase"}); 100_000])),
            &["normalizer: expected at most 64 steps"],
        ),
        (
            with("normalizer", json!({"type": "Prepend", "prepend": "a".repeat(100_000)})),
            &["Prepend", "prepend has 100000 bytes, expected at most 256"],
        ),
        (with("normalizer", json!({"pattern": {"String": ""}, "content": "b"})), &["expected a type of", "found none"]),
    ]
}

fn models() -> Vec<Hostile> {
    let long: Vec<Value> = (0..2000).map(|i| json!([format!("{i}{}", "x".repeat(900)), -1.0])).collect();
    vec![
        (with("model", word_piece(json!(1_u64 << 62))), &["model", "max_input_chars_per_word is 4611686018427387904"]),
        (with("model", json!({"type": "Unigram", "unk_id": 0, "vocab": long})), &["model", "tokens are too long"]),
        (
            with("model", words(json!({"[UNK]": 0, "a": 1, "zzzz": 4_294_967_295_u32}))),
            &["\"zzzz\" has the id 4294967295, expected less than 65542 for 3 tokens"],
        ),
        (with("model", words(json!({"[UNK]": 0, "a": 1, "b": 1}))), &["\"a\" and \"b\" both have the id 1"]),
    ]
}

fn post_processors() -> Vec<Hostile> {
    let a = json!({"Sequence": {"id": "A", "type_id": 0}});
    let b = json!({"Sequence": {"id": "B", "type_id": 0}});
    let cls = json!({"SpecialToken": {"id": "[CLS]", "type_id": 0}});
    vec![
        (with("post_processor", template(json!([cls]), json!({}))), &["single: expected the text A once, found []"]),
        (with("post_processor", template(json!([b]), json!({}))), &["single: expected the text A once", "\"B\""]),
        (
            with("post_processor", template(json!([cls, a]), json!({}))),
            &["single: the special token \"[CLS]\" is not among its special_tokens"],
        ),
        (with("post_processor", template(json!([a, a]), json!({}))), &["single: expected the text A once"]),
        (
            with("post_processor", template(json!([a]), json!({"x": {"id": "x", "ids": [1, 2], "tokens": ["x"]}}))),
            &["\"x\": 2 ids and 1 tokens"],
        ),
        (
            with("post_processor", json!({"type": "BertProcessing", "sep": ["x", 4_294_967_295_u32], "cls": ["a", 1]})),
            &["post_processor", "4294967295"],
        ),
    ]
}

fn added_tokens() -> Vec<Hostile> {
    // 20 tokens of 16,000 letters, which normalisation expands to 80 MB.
    let mut grown = with("normalizer", replace("a", &"a".repeat(256)));
    let token = |i: usize| {
        let content = format!("{i}{}", "a".repeat(16_000));
        json!({
            "id": 5 + i, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": true, "special": false,
        })
    };
    grown["added_tokens"] = (0..20).map(token).collect();
    vec![
        (with("added_tokens", added(4_294_967_295)), &["\"zzzz\" has the id 4294967295"]),
        (grown, &["added_tokens: they may take 8", "once they are normalised"]),
    ]
}
