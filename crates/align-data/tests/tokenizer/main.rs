//! Tokenisers with vocabularies small enough to verify by hand, and pairs encoded with them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod encoding;
mod small;

use align_data::{EncodeOptions, PreferencePair, Tokenizer, encode_pairs};
use small::{Files, MERGES, VOCAB, WORD_PIECES, bpe, load, refusal};
use std::fs;
use tempfile::TempDir;

#[test]
fn byte_level_bpe_by_hand() {
    let tokenizer = bpe();
    assert_eq!(tokenizer.encode("abc ab", true).unwrap(), [7, 3, 8]);
    assert_eq!(tokenizer.encode("ab<|endoftext|>ab", true).unwrap(), [7, 0, 7]);
    assert_eq!(tokenizer.encode("", true).unwrap(), Vec::<i64>::new());
    assert_eq!(tokenizer.decode(&[8, 0, 3, 99], true).unwrap(), " abc");
    assert_eq!(tokenizer.decode(&[8, 0, 3], false).unwrap(), " ab<|endoftext|>c");
    assert!(tokenizer.decode(&[-1], true).unwrap_err().to_string().contains("-1"));
    assert_eq!(tokenizer.vocab_size(), 9);
    let ids = [tokenizer.eos_token_id(), tokenizer.bos_token_id(), tokenizer.unk_token_id(), tokenizer.pad_token_id()];
    assert_eq!(ids, [Some(0); 4], "GPT-2 has one special token, and padding falls back to it");
    assert_eq!(tokenizer.special_tokens().pad, None);
    assert_eq!(tokenizer.encode_batch(&["abc ab", "d"], true, Some(2)).unwrap(), [vec![7, 3], vec![4]]);
}

#[test]
fn word_pieces_by_hand() {
    let lower = load(&[("vocab.txt", WORD_PIECES)]);
    assert_eq!(lower.encode("Cafés. 映画", true).unwrap(), [2, 5, 10, 11, 12, 13, 3]);
    assert_eq!(lower.encode("Cafés.", false).unwrap(), [5, 10, 11]);
    assert_eq!(lower.encode("", true).unwrap(), [2, 3]);
    assert_eq!(lower.pad_token_id(), Some(0));
    assert_eq!(lower.eos_token_id(), None);
    assert_eq!(
        lower.encode_batch(&["cafe cafe cafe", "."], true, Some(4)).unwrap(),
        [vec![2, 5, 5, 3], vec![2, 11, 3]]
    );
    let message = lower.encode_batch(&["cafe"], true, Some(2)).unwrap_err().to_string();
    assert!(message.contains("at least 3 tokens"), "{message}");

    let cased = load(&[("vocab.txt", WORD_PIECES), ("tokenizer_config.json", r#"{"do_lower_case": false}"#)]);
    assert_eq!(cased.encode("Café café", false).unwrap(), [7, 6]);
    let accents = r#"{"strip_accents": false, "tokenize_chinese_chars": false}"#;
    let accents = load(&[("vocab.txt", WORD_PIECES), ("tokenizer_config.json", accents)]);
    assert_eq!(accents.encode("Café 映画", false).unwrap(), [6, 14]);
}

#[test]
fn special_tokens_come_from_the_files_in_their_order() {
    let base = [("vocab.json", VOCAB), ("merges.txt", MERGES)];
    let with = |files: &[(&'static str, &'static str)]| load(&[&base[..], files].concat());
    let config =
        ("tokenizer_config.json", r#"{"eos_token": {"content": "e", "lstrip": false}, "model_max_length": 1e30}"#);
    let map = ("special_tokens_map.json", r#"{"eos_token": "d", "pad_token": "c", "bos_token": null}"#);
    let model = ("config.json", r#"{"eos_token_id": [0, 1], "pad_token_id": 1, "bos_token_id": 0}"#);

    let tokenizer = with(&[config, map, model]);
    assert_eq!(tokenizer.eos_token_id(), Some(4), "the map wins");
    assert_eq!(tokenizer.pad_token_id(), Some(3));
    assert_eq!(tokenizer.bos_token_id(), None, "a null is a word too");
    assert_eq!(tokenizer.model_max_length(), None);
    assert_eq!(tokenizer.decode(&[7, 4], true).unwrap(), "ab", "EOS is skipped");
    assert_eq!(with(&[config, model]).eos_token_id(), Some(5));

    let tokenizer = with(&[model]);
    assert_eq!(tokenizer.eos_token_id(), Some(0));
    // Id 1 is the letter a: an id alone does not make a token special.
    assert_eq!(tokenizer.pad_token_id(), Some(0));
    assert_eq!(tokenizer.encode("a", true).unwrap(), [1]);
    assert_eq!(tokenizer.decode(&[1], true).unwrap(), "a");

    let tokenizer = with(&[("tokenizer_config.json", r#"{"pad_token": "<pad>", "model_max_length": 512}"#)]);
    assert_eq!(tokenizer.pad_token_id(), Some(9), "a token that the vocabulary lacks is added at its end");
    assert_eq!(tokenizer.model_max_length(), Some(512));
    let added = ("added_tokens.json", r#"{"<tool>": 10, "<user>": 9}"#);
    let tokenizer = with(&[added, ("tokenizer_config.json", r#"{"add_bos_token": true}"#)]);
    assert_eq!(tokenizer.encode("a<user><tool>", true).unwrap(), [0, 1, 9, 10]);
}

#[test]
fn truncation_padding_and_dropout_of_a_tokenizer_json_are_ignored() {
    let document = format!(
        r#"{{"version": "1.0", "truncation": {{"max_length": 2, "strategy": "LongestFirst", "stride": 0, "direction": "Right"}},
        "padding": {{"strategy": {{"Fixed": 9}}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0, "pad_type_id": 0, "pad_token": "<|endoftext|>"}},
        "added_tokens": [], "normalizer": null, "pre_tokenizer": null, "post_processor": null, "decoder": null,
        "model": {{"type": "BPE", "dropout": 1.0, "vocab": {VOCAB}, "merges": ["a b"]}}}}"#
    );
    let tokenizer = load(&[("tokenizer.json", &document)]);
    assert_eq!(tokenizer.encode("abcab", true).unwrap(), [7, 3, 7]);
    assert_eq!(tokenizer.encode_batch(&["abcab", "a"], true, None).unwrap(), [vec![7, 3, 7], vec![1]]);
    let folder = TempDir::new().unwrap();
    tokenizer.save(folder.path(), false).unwrap();
    let saved: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("tokenizer.json")).unwrap()).unwrap();
    assert!(saved["truncation"].is_null() && saved["padding"].is_null());
}

/// A folder's files and the expected parts of the error.
type Broken = (Files<'static>, &'static [&'static str]);

const WRONG_FILES: &[Broken] = &[
    (&[], &["no tokeniser", "an empty folder"]),
    (&[("vocab.json", VOCAB)], &["no tokeniser", "vocab.json"]),
    (
        &[
            ("vocab.json", VOCAB),
            ("merges.txt", MERGES),
            ("tokenizer_config.json", r#"{"tokenizer_class": "T5Tokenizer"}"#),
        ],
        &["tokenizer_config.json", "T5Tokenizer", "expected GPT2Tokenizer"],
    ),
    (
        &[("vocab.txt", WORD_PIECES), ("config.json", r#"{"model_type": "gpt2"}"#)],
        &["GPT2Tokenizer expects tokenizer.json, or vocab.json and merges.txt", "vocab.txt"],
    ),
    (
        &[
            ("vocab.json", VOCAB),
            ("merges.txt", MERGES),
            ("tokenizer_config.json", r#"{"tokenizer_class": "TokenizersBackend"}"#),
        ],
        &["expects tokenizer.json; found", "merges.txt"],
    ),
    (&[("tokenizer.json", "{")], &["tokenizer.json", "not valid JSON"]),
    (&[("tokenizer.json", "{}")], &["tokenizer.json"]),
    (&[("vocab.json", "[]"), ("merges.txt", MERGES)], &["vocab.json"]),
    (&[("vocab.json", VOCAB), ("merges.txt", "a b c\n")], &["merges.txt", "line 1", "a b c"]),
    // The tokenizers crate crashes on merges whose result is not in the vocabulary.
    (&[("vocab.json", VOCAB), ("merges.txt", "Ġab ab\n")], &["vocabulary", "Ġab"]),
    (&[("vocab.json", VOCAB), ("merges.txt", "<|endoftext|> <|endoftext|>\n")], &["vocabulary"]),
    (&[("vocab.txt", "[CLS]\n[SEP]\n")], &["vocab.txt", "unk_token", "[UNK]"]),
];

const WRONG_SETTINGS: &[Broken] = &[
    (
        &[("vocab.txt", WORD_PIECES), ("tokenizer_config.json", r#"{"do_lower_case": "no"}"#)],
        &["tokenizer_config.json", "do_lower_case", "true or false", "\"no\""],
    ),
    (
        &[("vocab.txt", WORD_PIECES), ("tokenizer_config.json", r#"{"truncation_side": "middle"}"#)],
        &["tokenizer_config.json", "truncation_side", "middle"],
    ),
    (
        &[("vocab.txt", WORD_PIECES), ("special_tokens_map.json", r#"{"cls_token": 7}"#)],
        &["special_tokens_map.json", "cls_token", "expected a token, found 7"],
    ),
    (
        &[("vocab.txt", WORD_PIECES), ("tokenizer_config.json", r#"{"extra_special_tokens": "<tool>"}"#)],
        &["tokenizer_config.json", "extra_special_tokens", "a list of tokens"],
    ),
    (&[("vocab.txt", WORD_PIECES), ("tokenizer_config.json", "[]")], &["tokenizer_config.json", "JSON object"]),
    (
        &[("vocab.txt", WORD_PIECES), ("tokenizer_config.json", r#"{"model_max_length": -5}"#)],
        &["tokenizer_config.json", "model_max_length", "-5"],
    ),
    (
        &[("vocab.json", VOCAB), ("merges.txt", MERGES), ("added_tokens.json", r#"{"<user>": 77}"#)],
        &["<user>", "expected id 77", "found 9"],
    ),
];

#[test]
fn invalid_folders_are_rejected_with_file_and_reason() {
    for (files, parts) in [WRONG_FILES, WRONG_SETTINGS].concat() {
        let message = refusal(files);
        for part in parts {
            assert!(message.contains(part), "{message} lacks {part}");
        }
    }
    assert!(Tokenizer::from_pretrained("no such folder").is_err());
}

#[test]
fn prompts_begin_with_the_tokenisers_prefix_tokens() {
    let config = r#"{"tokenizer_class": "GPT2Tokenizer", "add_bos_token": true}"#;
    let files = [("vocab.json", VOCAB), ("merges.txt", MERGES), ("tokenizer_config.json", config)];
    let tokenizer = load(&files);
    assert_eq!(tokenizer.encode_prompts(&["c", ""]).unwrap(), [vec![0, 3], vec![0]]);
    let pair =
        &encode_pairs(&tokenizer, &[PreferencePair::new("c", "d", "e")], &EncodeOptions::default()).unwrap().pairs[0];
    assert_eq!(pair.prompt_ids, [0, 3], "as in training");
    // DistilBERT's SEP is also after the text.
    let tokenizer = load(&[("vocab.txt", WORD_PIECES)]);
    assert_eq!(tokenizer.encode_prompts(&["cafe"]).unwrap(), [vec![2, 5]]);
}

#[test]
fn a_tokeniser_is_compared_with_the_model() {
    let base = [("vocab.json", VOCAB), ("merges.txt", MERGES)];
    let with = |config: &'static str| load(&[&base[..], &[("tokenizer_config.json", config)]].concat());
    // As many embeddings as tokens, or more, for example if padded to a multiple.
    for embeddings in [9, 64] {
        assert_eq!(bpe().for_embeddings(embeddings).unwrap().encode(" ab", true).unwrap(), [8]);
    }
    assert_eq!(bpe().for_embeddings(64).unwrap().decode(&[7, 63, 3], true).unwrap(), "abc");
    let refused = |tokenizer: Tokenizer, embeddings: i64| tokenizer.for_embeddings(embeddings).unwrap_err().to_string();
    for (message, parts) in [
        (refused(bpe(), 8), ["ids up to 8", "8 embeddings", "Ġab"]),
        (refused(bpe(), 3), ["ids up to 8", "3 embeddings", "id 3"]),
        (refused(with(r#"{"eos_token": "<end>"}"#), 9), ["ids up to 9", "9 embeddings", "<end>"]),
        (
            refused(with(r#"{"bos_token": "<start>", "add_bos_token": true}"#), 9),
            ["ids up to 9", "9 embeddings", "<start>"],
        ),
        (refused(load(&[("vocab.txt", "[UNK]\n[CLS]\n")]), 2), ["ids up to", "2 embeddings", "[SEP]"]),
        (refused(load(&[("vocab.txt", "a\nb\n[UNK]\n[CLS]\n[SEP]\n")]), 2), ["ids up to", "2 embeddings", "[UNK]"]),
    ] {
        for part in parts {
            assert!(message.contains(part), "{message} lacks {part}");
        }
    }
    // A padding token without an embedding is rejected when a text contains it, not before.
    let tokenizer = with(r#"{"pad_token": "<pad>"}"#).for_embeddings(9).unwrap();
    assert_eq!(tokenizer.embeddings_needed(), 10);
    assert_eq!(tokenizer.encode("abc", true).unwrap(), [7, 3]);
    for message in [
        tokenizer.encode("a<pad>", true).unwrap_err().to_string(),
        tokenizer.encode_batch(&["a", "a<pad>"], true, None).unwrap_err().to_string(),
        tokenizer.encode_prompts(&["<pad>"]).unwrap_err().to_string(),
    ] {
        assert!(message.contains("\"<pad>\" (id 9)") && message.contains("only 9 embeddings"), "{message}");
    }
}

#[test]
fn truncation_side_comes_from_the_folder() {
    let config = r#"{"truncation_side": "left"}"#;
    let tokenizer = load(&[("vocab.txt", WORD_PIECES), ("tokenizer_config.json", config)]);
    assert_eq!(tokenizer.encode_batch(&["cafe cafe ."], true, Some(4)).unwrap(), [vec![2, 5, 11, 3]]);
}
