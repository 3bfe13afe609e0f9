//! Compares the bytes of tokens with those that transformers uses for stop strings.
#![allow(clippy::unwrap_used)]

use align_data::Tokenizer;
use serde_json::Value;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn bytes_of(model: &str) -> Vec<Vec<u8>> {
    let folder = root().join("tests/golden/data/models").join(model);
    Tokenizer::from_pretrained(folder).unwrap().token_bytes().unwrap()
}

/// Written by generation_options.py in the same folder.
fn golden() -> Value {
    let file = root().join("crates/align-models/tests/data/generation_options.json");
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

#[test]
fn byte_level_tokens_are_bytes() {
    let expected: Vec<Vec<u8>> = serde_json::from_value(golden()["vocabulary"].clone()).unwrap();
    assert_eq!(bytes_of("gpt2-tiny"), expected);
    assert_eq!(bytes_of("gpt2-tiny-bin-zip"), expected, "from vocab.json and merges.txt");
}

#[test]
fn word_piece_bytes_are_what_a_token_adds_to_a_text() {
    let expected: Vec<(usize, String)> = serde_json::from_value(golden()["word_pieces"].clone()).unwrap();
    let found = bytes_of("distilbert-tiny");
    for (id, piece) in expected {
        assert_eq!(String::from_utf8_lossy(&found[id]), piece, "token {id}");
    }
}
