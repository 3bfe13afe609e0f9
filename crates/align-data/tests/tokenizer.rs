//! Tokenisers built from small vocabularies whose ids can be followed by hand, and the pairs encoded with them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_data::{EncodeOptions, PreferencePair, Tokenizer, encode_pairs};
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
    assert_eq!(tokenizer.eos_token_id(), Some(5));
    assert_eq!(tokenizer.pad_token_id(), Some(3));
    assert_eq!(tokenizer.bos_token_id(), Some(0));
    assert_eq!(tokenizer.model_max_length(), None);
    assert_eq!(tokenizer.decode(&[7, 5], true).unwrap(), "ab", "EOS is skipped");

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
        "padding": {{"strategy": {{"Fixed": 9}}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0, "pad_type_id": 0, "pad_token": "a"}},
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
        (&[("tokenizer.json", "{")], &["tokenizer.json", "not valid JSON"]),
        (&[("tokenizer.json", "{}")], &["tokenizer.json"]),
        (&[("vocab.json", "[]"), ("merges.txt", MERGES)], &["vocab.json"]),
        (&[("vocab.json", VOCAB), ("merges.txt", "a b c\n")], &["merges.txt", "line 1", "a b c"]),
        // Merges whose result is no token crash the tokenizers crate.
        (&[("vocab.json", VOCAB), ("merges.txt", "Ġab ab\n")], &["vocabulary", "Ġab"]),
        (&[("vocab.json", VOCAB), ("merges.txt", "<|endoftext|> <|endoftext|>\n")], &["vocabulary"]),
        (&[("vocab.txt", "[UNK]\n[CLS]\n")], &["vocab.txt", "sep_token", "[SEP]"]),
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
