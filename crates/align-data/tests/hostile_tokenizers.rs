//! `tokenizer.json` files that make the tokenizers crate panic, abort or run for minutes. The error must name the
//! invalid part.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "hostile/tokenizers.rs"]
mod tokenizers;

use align_data::Tokenizer;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokenizers::{charsmap, document, documents, regex, replace, sequence, with, word_piece, words};

fn load(document: &Value) -> align_data::Result<Tokenizer> {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("tokenizer.json"), document.to_string()).unwrap();
    Tokenizer::from_pretrained(folder.path())
}

#[test]
fn errors_name_the_invalid_part() {
    for (document, parts) in documents() {
        let start = Instant::now();
        let message = load(&document).expect_err(&format!("{parts:?} must be refused")).to_string();
        for part in ["tokenizer.json"].iter().chain(parts) {
            assert!(message.contains(part), "{message} lacks {part}");
        }
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}: {message}", start.elapsed());
    }
}

/// Takes cubic time: not noticeable on a short text, too long on a long one.
#[test]
fn a_panic_on_a_text_is_an_error_that_names_the_file() {
    let tokenizer = load(&with("pre_tokenizer", regex("a*a*a*$"))).unwrap();
    assert_eq!(tokenizer.encode("aa", true).unwrap(), [4]);
    let long = "a".repeat(600) + "b";
    let alone = tokenizer.encode(&long, true).unwrap_err().to_string();
    let batch = tokenizer.encode_batch(&["a", &long], true, None).unwrap_err().to_string();
    for message in [alone, batch] {
        assert!(message.contains("tokenizer.json") && message.contains("retry-limit"), "{message}");
    }
}

/// A hand-made trie that maps `A` to `B`: the root's children are at 0 xor the byte, and the replacement of `A` is at
/// offset 0.
#[test]
fn a_valid_character_map_is_applied() {
    let mut units = vec![0_u32; 256];
    // The root's offset is 0. `A` (0x41) has a replacement, and its children are at 0x41 xor 0x80.
    units[0x41] = 0x41 | 1 << 8 | 0x80 << 10;
    units[0x41 ^ 0x80] = 0;
    let map = |texts| with("normalizer", charsmap(1024, &units, texts));
    let tokenizer = load(&map("b\0")).unwrap();
    assert_eq!(tokenizer.encode("A a", true).unwrap(), [3, 1]);
    let grown = "b".repeat(300) + "\0";
    assert!(load(&map(&grown)).unwrap_err().to_string().contains("expand one byte to 300 bytes"));
    units[0x41 ^ 0x80] = 7;
    let beyond = with("normalizer", charsmap(1024, &units, "b\0")).clone();
    assert!(load(&beyond).unwrap_err().to_string().contains("a text at byte 7 of 2"));
}

#[test]
fn valid_documents_pass() {
    let t5 = sequence(vec![
        json!({"type": "NFKC"}),
        json!({"type": "Strip", "strip_left": false, "strip_right": true}),
        json!({"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"}),
    ]);
    let llama = sequence(vec![json!({"type": "Prepend", "prepend": "▁"}), replace(" ", "▁")]);
    let decoders = json!([
        replace("▁", " "), {"type": "ByteFallback"}, {"type": "Fuse"},
        {"type": "Strip", "content": " ", "start": 1, "stop": 0},
    ]);
    for document in [
        document(),
        with("normalizer", t5),
        with("normalizer", llama),
        with("decoder", json!({"type": "Sequence", "decoders": decoders})),
        with("model", word_piece(json!(100))),
        with("model", json!({"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["a", -1.0]]})),
    ] {
        load(&document).unwrap_or_else(|problem| panic!("{problem}: {document}"));
    }
}

#[test]
fn a_vocabulary_with_gaps_is_saved_completely() {
    let tokenizer = load(&with("model", words(json!({"[UNK]": 0, "a": 1, "b": 60_000})))).unwrap();
    let folder = TempDir::new().unwrap();
    tokenizer.save(folder.path(), false).unwrap();
    assert_eq!(Tokenizer::from_pretrained(folder.path()).unwrap().encode("b a", true).unwrap(), [60_000, 1]);
}
