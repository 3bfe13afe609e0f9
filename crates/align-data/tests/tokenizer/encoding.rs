//! Tokenisation of pairs and completions.

use crate::small::{MERGES, VOCAB, WORD_PIECES, bpe, load};
use align_data::{
    EncodeOptions, InvalidRows, PreferencePair, Tokenizer, UnpairedPreference, encode_completions, encode_pairs,
    encode_texts, encode_unpaired,
};

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
    // Without a prompt, an empty completion is EOS alone, which is never predicted.
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
fn the_prompt_is_removed_if_both_texts_begin_with_it() {
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
    let keep = EncodeOptions { invalid_rows: InvalidRows::KeepEqual, ..EncodeOptions::default() };
    let encoded = encode(&pairs, EncodeOptions { max_length: Some(4), ..keep.clone() });
    let rows: Vec<_> = encoded.pairs.iter().map(|pair| pair.row).collect();
    assert_eq!(rows, [0, 3]);
    assert_eq!(encoded.pairs[0].prompt_ids, [3, 3, 3]);
    assert_eq!((&encoded.pairs[0].chosen_ids[..], &encoded.pairs[0].rejected_ids[..]), (&[4][..], &[4][..]));
    assert_eq!(encoded.report.dropped_long_prompts, [1, 2]);
    assert_eq!(encoded.report.truncated_sequences, 2);
    assert_eq!((&encoded.report.equal_pairs[..], encoded.report.equal_after_truncation), (&[3][..], 1));
    let report = encoded.report.to_string();
    assert!(
        report.contains("; equal completions in 1 row; completions equal after truncation to max_length in 1 row;"),
        "{report}"
    );
    assert!(encoded.report.to_string().starts_with("2 of 4 rows encoded"), "{}", encoded.report);
    let whole = encode(&pairs, EncodeOptions { max_length: None, ..keep });
    assert_eq!(whole.pairs.len(), 4);
    assert!(encode_pairs(&bpe(), &pairs, &EncodeOptions { max_length: Some(1), ..EncodeOptions::default() }).is_err());
}

/// Many pairs are processed in chunks; each row keeps its own ids.
#[test]
fn rows_keep_their_ids_across_chunks() {
    let letters = ["a", "b", "c", "d", "e"];
    let text = |i: usize| (0..i % 7 + 1).map(|k| letters[(i * 3 + k * k) % 5]).collect::<String>();
    let pairs: Vec<_> = (0..2000).map(|i| PreferencePair::new(text(i), text(i + 3), text(i * 2 + 1))).collect();
    let invalid_rows = InvalidRows::KeepEqual;
    let options = EncodeOptions { strip_prompt: false, invalid_rows, ..EncodeOptions::default() };
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

/// A byte-level BPE tokeniser whose template appends `eos` to each text.
fn eos_appending_tokenizer() -> Tokenizer {
    let config = r#"{"tokenizer_class": "GPT2Tokenizer", "add_eos_token": true}"#;
    load(&[("vocab.json", VOCAB), ("merges.txt", MERGES), ("tokenizer_config.json", config)])
}

/// transformers and TRL append EOS twice here; everything else is the same.
#[test]
fn a_tokeniser_that_appends_eos_has_it_once() {
    let tokenizer = eos_appending_tokenizer();
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
    // A merged boundary is still reported.
    let merging = [PreferencePair::new("ca", "b", "d")];
    assert_eq!(encode_pairs(&tokenizer, &merging, &EncodeOptions::default()).unwrap().report.merged_boundaries, 1);
}

/// Pairs of equal sides and empty completions are named, and dropped or refused.
#[test]
fn rows_that_teach_nothing_are_dropped_or_refused() {
    let pairs =
        [PreferencePair::new("c", "e", "e"), PreferencePair::new("c", "e", "d"), PreferencePair::new("c", "", "d")];
    let options = EncodeOptions { append_eos: false, ..EncodeOptions::default() };
    let encoded = encode(&pairs, options.clone());
    assert_eq!(encoded.pairs.iter().map(|pair| pair.row).collect::<Vec<_>>(), [1]);
    assert_eq!(
        encoded.report.to_string(),
        "1 of 3 rows encoded; 1 row dropped because a completion is empty (row 3); \
         1 row dropped because both completions are equal (row 1)"
    );
    let refused = EncodeOptions { invalid_rows: InvalidRows::Refuse, ..options };
    let message = encode_pairs(&bpe(), &pairs, &refused).unwrap_err().to_string();
    assert!(
        message.contains("(row 3)") && message.contains("(row 1)") && message.contains("invalid_rows"),
        "{message}"
    );
    encode_pairs(&bpe(), &pairs[1..2], &refused).unwrap();
}

/// Sides of pairs have the numbers of their pairs, and pairs of equal sides are no use to KTO either.
#[test]
fn sides_of_pairs_are_dropped_with_their_pair() {
    let pairs = [
        PreferencePair::new("c", "d", "e"),
        PreferencePair::new("c", "e", "e"),
        PreferencePair::new("c", "", "d"),
        PreferencePair::new("c", "a", "d"),
    ];
    let rows = UnpairedPreference::from_pairs(&pairs);
    let with = |invalid_rows, max_length| EncodeOptions {
        append_eos: false,
        invalid_rows,
        max_length,
        ..EncodeOptions::default()
    };
    let numbers = |options: &EncodeOptions| {
        let encoded = encode_unpaired(&bpe(), &rows, options).unwrap();
        (encoded.rows.iter().map(|row| row.row).collect::<Vec<_>>(), encoded.report)
    };
    for max_length in [None, Some(2)] {
        let (kept, report) = numbers(&with(InvalidRows::Drop, max_length));
        assert_eq!(kept, [0, 0, 2, 3, 3]);
        assert_eq!(
            report.to_string(),
            "5 of 8 completions encoded; 1 completion dropped because a completion is empty (row 3); \
             2 completions dropped because both sides of the pair are equal (row 2)"
        );
    }
    let (kept, report) = numbers(&with(InvalidRows::KeepEqual, None));
    assert_eq!((&kept[..], &report.equal_pairs[..]), (&[0, 0, 1, 1, 2, 3, 3][..], &[1][..]));
    let refused = encode_unpaired(&bpe(), &rows, &with(InvalidRows::Refuse, None)).unwrap_err().to_string();
    assert!(refused.contains("(row 3)") && refused.contains("(row 2)"), "{refused}");
    // Labels that people gave are not pairs.
    let judged = [UnpairedPreference::new("c", "e", true), UnpairedPreference::new("c", "e", false)];
    let encoded = encode_unpaired(&bpe(), &judged, &with(InvalidRows::Refuse, None)).unwrap();
    assert_eq!(encoded.report.to_string(), "2 of 2 rows encoded");
}

#[test]
fn sides_that_differ_only_after_the_limit_are_kept() {
    let rows = UnpairedPreference::from_pairs(&[PreferencePair::new("c", "de", "dd")]);
    let options = EncodeOptions { append_eos: false, max_length: Some(2), ..EncodeOptions::default() };
    let encoded = encode_unpaired(&bpe(), &rows, &options).unwrap();
    assert_eq!((encoded.rows.len(), encoded.report.equal_after_truncation), (2, 1));
    assert!(encoded.report.dropped_equal_pairs.is_empty());
}

/// A vocabulary with two letters exchanged gives other texts the same ids.
#[test]
fn tokenisers_with_other_tokens_are_told_apart() {
    let swapped = VOCAB.replace("\"d\": 4, \"e\": 5", "\"e\": 4, \"d\": 5");
    let other = load(&[("vocab.json", &swapped), ("merges.txt", MERGES)]);
    let different = bpe().different_token(&other).unwrap();
    assert_eq!((different.id, different.count), (4, 2));
    assert_eq!(different.tokens, ["d", "e"]);
    // The end of texts is an added token, which may have another name. A token that only one of them has does not matter.
    let renamed = VOCAB.replace("<|endoftext|>", "<|end|>").replace(", \"Ġab\": 8", "");
    let config = r#"{"eos_token": "<|end|>", "bos_token": "<|end|>", "unk_token": "<|end|>"}"#;
    let renamed =
        load(&[("vocab.json", &renamed), ("merges.txt", "#version: 0.2\na b\n"), ("tokenizer_config.json", config)]);
    assert_eq!((bpe().different_token(&bpe()), bpe().different_token(&renamed)), (None, None));
}
