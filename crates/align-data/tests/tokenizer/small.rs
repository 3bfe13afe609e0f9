//! Tokenisers small enough to verify by hand.

use align_data::Tokenizer;
use std::fs;
use tempfile::TempDir;

/// File names and contents.
pub type Files<'a> = &'a [(&'a str, &'a str)];

pub fn folder(files: Files<'_>) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

pub fn load(files: Files<'_>) -> Tokenizer {
    Tokenizer::from_pretrained(folder(files).path()).unwrap()
}

pub fn refusal(files: Files<'_>) -> String {
    Tokenizer::from_pretrained(folder(files).path()).expect_err("must be refused").to_string()
}

/// Byte-level BPE of five letters and the space (Ġ), with `ab` and `Ġab` as merges.
pub const VOCAB: &str = r#"{"<|endoftext|>": 0, "a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "Ġ": 6, "ab": 7, "Ġab": 8}"#;
pub const MERGES: &str = "#version: 0.2\na b\nĠ ab\n";

pub fn bpe() -> Tokenizer {
    load(&[("vocab.json", VOCAB), ("merges.txt", MERGES)])
}

pub const WORD_PIECES: &str = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ncafe\ncafé\nCafé\nca\n##fe\n##s\n.\n映\n画\n映画\n";
