//! Tokenisers built from small vocabularies whose ids can be followed by hand, and the pairs encoded with them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_data::{EncodeOptions, PreferencePair, Tokenizer, encode_completions, encode_pairs, encode_texts};
use std::fs;
use tempfile::TempDir;

/// File names with their contents.
type Files<'a> = &'a [(&'a str, &'a str)];

fn folder(files: Files<'_>) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

fn load(files: Files<'_>) -> Tokenizer {
    Tokenizer::from_pretrained(folder(files).path()).unwrap()
}

fn refusal(files: Files<'_>) -> String {
    Tokenizer::from_pretrained(folder(files).path()).expect_err("must be refused").to_string()
}

/// Byte-level BPE of five letters and the space (Ġ), with `ab` and `Ġab` as merges.
const VOCAB: &str = r#"{"<|endoftext|>": 0, "a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "Ġ": 6, "ab": 7, "Ġab": 8}"#;
const MERGES: &str = "#version: 0.2\na b\nĠ ab\n";

fn bpe() -> Tokenizer {
    load(&[("vocab.json", VOCAB), ("merges.txt", MERGES)])
}

const WORD_PIECES: &str = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ncafe\ncafé\nCafé\nca\n##fe\n##s\n.\n映\n画\n映画\n";

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
    // Id 1 is the letter a: an id alone does not make a letter special.
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
fn settings_of_a_tokenizer_json_do_not_act() {
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

#[test]
fn broken_folders_are_refused_with_the_file_and_the_reason() {
    let cases: &[(Files<'_>, &[&str])] = &[
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
        (&[("tokenizer.json", "{")], &["tokenizer.json", "not valid JSON"]),
        (&[("tokenizer.json", "{}")], &["tokenizer.json"]),
        (&[("vocab.json", "[]"), ("merges.txt", MERGES)], &["vocab.json"]),
        (&[("vocab.json", VOCAB), ("merges.txt", "a b c\n")], &["merges.txt", "line 1", "a b c"]),
        // Merges whose result is no token crash the tokenizers crate.
        (&[("vocab.json", VOCAB), ("merges.txt", "Ġab ab\n")], &["vocabulary", "Ġab"]),
        (&[("vocab.json", VOCAB), ("merges.txt", "<|endoftext|> <|endoftext|>\n")], &["vocabulary"]),
        (&[("vocab.txt", "[CLS]\n[SEP]\n")], &["vocab.txt", "unk_token", "[UNK]"]),
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
    for (files, parts) in cases {
        let message = refusal(files);
        for part in *parts {
            assert!(message.contains(part), "{message} lacks {part}");
        }
    }
    assert!(Tokenizer::from_pretrained("no such folder").is_err());
}

/// A byte-level BPE with `eos` behind each text, by a template.
fn that_ends_texts() -> Tokenizer {
    let config = r#"{"tokenizer_class": "GPT2Tokenizer", "add_eos_token": true}"#;
    load(&[("vocab.json", VOCAB), ("merges.txt", MERGES), ("tokenizer_config.json", config)])
}

/// transformers and TRL put EOS there twice; all else is theirs.
#[test]
fn a_tokeniser_that_appends_eos_has_it_once() {
    let tokenizer = that_ends_texts();
    assert_eq!(tokenizer.encode("c", true).unwrap(), [3, 0]);
    assert_eq!(tokenizer.encode_prompts(&["c", ""]).unwrap(), [vec![3], vec![]]);
    let pairs = [PreferencePair::new("c", " ab", "d<|endoftext|>"), PreferencePair::new("cd", "", "e")];
    let plain = encode(&pairs, EncodeOptions::default());
    for append_eos in [true, false] {
        let options = EncodeOptions { append_eos, ..EncodeOptions::default() };
        let encoded = encode_pairs(&tokenizer, &pairs, &options).unwrap();
        assert_eq!(encoded.pairs, plain.pairs, "append_eos {append_eos}");
        assert_eq!(encoded.report.merged_boundaries, 0);
        assert!(!encoded.report.to_string().contains("merged"), "{}", encoded.report);
    }
    let rows = [("c", " ab"), ("c", "d<|endoftext|>")];
    let completions = encode_completions(&tokenizer, &rows, true).unwrap();
    assert_eq!(completions, encode_completions(&bpe(), &rows, true).unwrap());
    let texts = encode_texts(&tokenizer, &rows, &EncodeOptions::default()).unwrap();
    assert_eq!(texts.rows, encode_texts(&bpe(), &rows, &EncodeOptions::default()).unwrap().rows);
    // A boundary that does merge is told as before.
    let merging = [PreferencePair::new("ca", "b", "d")];
    assert_eq!(encode_pairs(&tokenizer, &merging, &EncodeOptions::default()).unwrap().report.merged_boundaries, 1);
}

#[test]
fn a_prompt_begins_as_the_tokeniser_begins_texts() {
    let config = r#"{"tokenizer_class": "GPT2Tokenizer", "add_bos_token": true}"#;
    let files = [("vocab.json", VOCAB), ("merges.txt", MERGES), ("tokenizer_config.json", config)];
    let tokenizer = load(&files);
    assert_eq!(tokenizer.encode_prompts(&["c", ""]).unwrap(), [vec![0, 3], vec![0]]);
    let pair =
        &encode_pairs(&tokenizer, &[PreferencePair::new("c", "d", "e")], &EncodeOptions::default()).unwrap().pairs[0];
    assert_eq!(pair.prompt_ids, [0, 3], "as in training");
    // DistilBERT's SEP is behind the text too.
    let tokenizer = load(&[("vocab.txt", WORD_PIECES)]);
    assert_eq!(tokenizer.encode_prompts(&["cafe"]).unwrap(), [vec![2, 5]]);
}

#[test]
fn a_tokeniser_is_compared_with_the_model() {
    let base = [("vocab.json", VOCAB), ("merges.txt", MERGES)];
    let with = |config: &'static str| load(&[&base[..], &[("tokenizer_config.json", config)]].concat());
    // As many embeddings as tokens, or more, as where they are padded to a multiple.
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
    // A padding token that nobody made room for is refused where a text spells it, not before.
    let tokenizer = with(r#"{"pad_token": "<pad>"}"#).for_embeddings(9).unwrap();
    assert_eq!(tokenizer.embeddings_needed(), 10);
    assert_eq!(tokenizer.encode("abc", true).unwrap(), [7, 3]);
    for message in [
        tokenizer.encode("a<pad>", true).unwrap_err().to_string(),
        tokenizer.encode_batch(&["a", "a<pad>"], true, None).unwrap_err().to_string(),
        tokenizer.encode_prompts(&["<pad>"]).unwrap_err().to_string(),
    ] {
        assert!(message.contains("\"<pad>\" (id 9)") && message.contains("it has 9"), "{message}");
    }
}

#[test]
fn the_side_that_is_cut_is_the_folders() {
    let config = r#"{"truncation_side": "left"}"#;
    let tokenizer = load(&[("vocab.txt", WORD_PIECES), ("tokenizer_config.json", config)]);
    assert_eq!(tokenizer.encode_batch(&["cafe cafe ."], true, Some(4)).unwrap(), [vec![2, 5, 11, 3]]);
}

fn encode(pairs: &[PreferencePair], options: EncodeOptions) -> align_data::EncodedPairs {
    encode_pairs(&bpe(), pairs, &options).unwrap()
}

#[test]
fn completions_follow_the_prompt_and_end_with_eos() {
    let pairs = [PreferencePair::new("c", " ab", "d<|endoftext|>"), PreferencePair::new("", "a", "")];
    let encoded = encode(&pairs, EncodeOptions::default());
    let first = &encoded.pairs[0];
    assert_eq!(
        (&first.prompt_ids[..], &first.chosen_ids[..], &first.rejected_ids[..]),
        (&[3][..], &[8, 0][..], &[4, 0][..])
    );
    assert_eq!(first.row, 0);
    // Without a prompt an empty completion is EOS alone, which nothing predicts.
    assert_eq!(encoded.pairs.len(), 1);
    assert_eq!(encoded.report.dropped_empty_completions, [1]);

    let encoded = encode(&pairs, EncodeOptions { append_eos: false, ..EncodeOptions::default() });
    assert_eq!(encoded.pairs[0].chosen_ids, [8]);
    assert_eq!(encoded.pairs[0].rejected_ids, [4, 0]);
}

#[test]
fn tokens_merged_across_the_boundary_belong_to_the_completion() {
    let encoded = encode(&[PreferencePair::new("ca", "b", "d")], EncodeOptions::default());
    let pair = &encoded.pairs[0];
    assert_eq!(
        (&pair.prompt_ids[..], &pair.chosen_ids[..], &pair.rejected_ids[..]),
        (&[3][..], &[7, 0][..], &[1, 4, 0][..])
    );
    assert_eq!(encoded.report.merged_boundaries, 1);
}

#[test]
fn the_prompt_is_taken_off_where_both_texts_hold_it() {
    let pairs = [
        PreferencePair::new("c", "c ab", "cd"),
        PreferencePair::new("c", "c ab", "d"),
        PreferencePair::new("c", "e", "d"),
    ];
    let encoded = encode(&pairs, EncodeOptions::default());
    let chosen: Vec<_> = encoded.pairs.iter().map(|pair| pair.chosen_ids.clone()).collect();
    assert_eq!(chosen, [vec![8, 0], vec![3, 8, 0], vec![5, 0]]);
    assert_eq!(encoded.report.prompt_stripped, 1);
    let notebook = encode(&pairs[..1], EncodeOptions { strip_prompt: false, ..EncodeOptions::default() });
    assert_eq!(notebook.pairs[0].prompt_ids, [3]);
    assert_eq!(notebook.pairs[0].chosen_ids, [3, 8, 0]);
    assert_eq!(notebook.pairs[0].rejected_ids, [3, 4, 0]);
}

#[test]
fn truncation_keeps_the_start_and_never_empties_a_completion() {
    let pairs = [
        PreferencePair::new("ccc", "ddddd", "d"),
        PreferencePair::new("cccc", "d", "d"),
        PreferencePair::new("ccccc", "d", "d"),
        PreferencePair::new("c", "e", "e"),
    ];
    let encoded = encode(&pairs, EncodeOptions { max_length: Some(4), ..EncodeOptions::default() });
    let rows: Vec<_> = encoded.pairs.iter().map(|pair| pair.row).collect();
    assert_eq!(rows, [0, 3]);
    assert_eq!(encoded.pairs[0].prompt_ids, [3, 3, 3]);
    assert_eq!((&encoded.pairs[0].chosen_ids[..], &encoded.pairs[0].rejected_ids[..]), (&[4][..], &[4][..]));
    assert_eq!(encoded.report.dropped_long_prompts, [1, 2]);
    assert_eq!(encoded.report.truncated_sequences, 2);
    assert_eq!((encoded.report.equal_pairs, encoded.report.equal_when_cut), (1, 1));
    let said = encoded.report.to_string();
    assert!(said.contains("; 1 with equal sides; 1 with sides that are equal when cut to max_length"), "{said}");
    assert!(encoded.report.to_string().starts_with("2 of 4 rows encoded"), "{}", encoded.report);
    let whole = encode(&pairs, EncodeOptions { max_length: None, ..EncodeOptions::default() });
    assert_eq!(whole.pairs.len(), 4);
    assert!(encode_pairs(&bpe(), &pairs, &EncodeOptions { max_length: Some(1), ..EncodeOptions::default() }).is_err());
}

/// Many pairs go through in chunks: each row still finds its own ids.
#[test]
fn rows_keep_their_ids_across_chunks() {
    let letters = ["a", "b", "c", "d", "e"];
    let text = |i: usize| (0..i % 7 + 1).map(|k| letters[(i * 3 + k * k) % 5]).collect::<String>();
    let pairs: Vec<_> = (0..2000).map(|i| PreferencePair::new(text(i), text(i + 3), text(i * 2 + 1))).collect();
    let options = EncodeOptions { strip_prompt: false, ..EncodeOptions::default() };
    let all = encode(&pairs, options.clone());
    assert_eq!(all.pairs.len(), pairs.len());
    for row in (0..pairs.len()).step_by(37) {
        let alone = encode(&pairs[row..=row], options.clone());
        let (one, of_all) = (&alone.pairs[0], &all.pairs[row]);
        assert_eq!(of_all.row, row);
        assert_eq!(
            (&one.prompt_ids, &one.chosen_ids, &one.rejected_ids),
            (&of_all.prompt_ids, &of_all.chosen_ids, &of_all.rejected_ids)
        );
    }
}

#[test]
fn a_tokeniser_without_eos_cannot_append_it() {
    let tokenizer = load(&[("vocab.txt", WORD_PIECES)]);
    let pairs = [PreferencePair::new("cafe", ".", "cafe")];
    let message = encode_pairs(&tokenizer, &pairs, &EncodeOptions::default()).unwrap_err().to_string();
    assert!(message.contains("EOS"), "{message}");
}
