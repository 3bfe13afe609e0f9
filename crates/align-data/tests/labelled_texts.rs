//! Tables of labelled texts, and texts on their way to fine-tuning.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_data::{
    Completions, EncodeOptions, LabelledTexts, Tokenizer, encode_labelled_texts, encode_texts, pack_wrapped,
    train_word_piece,
};
use std::path::Path;

fn golden(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/data").join(name)
}

#[test]
fn labels_round_trip_in_every_format() {
    let dir = tempfile::tempdir().unwrap();
    let table = LabelledTexts::new(&["good", "", "bad\nworse"], &[1, 0, 12]).unwrap();
    for format in ["csv", "parquet", "jsonl"] {
        let path = dir.path().join("texts").with_extension(format);
        table.write(&path, false).unwrap();
        let again = LabelledTexts::read(&path).unwrap();
        assert_eq!(again.texts(), ["good", "", "bad\nworse"], "{format}");
        assert_eq!(again.labels(), [1, 0, 12], "{format}");
    }
}

#[test]
fn what_is_no_class_is_refused_by_row() {
    let dir = tempfile::tempdir().unwrap();
    for (name, content, found) in [
        ("a.csv", "text,label\ngood,1\nbad,-1\n", "-1"),
        ("b.csv", "text,label\ngood,1\nbad,0.5\n", "0.5"),
        ("c.csv", "text,label\ngood,1\nbad,negative\n", "negative"),
        ("d.csv", "text,label\ngood,1\nbad,1e18\n", "1000000000000000000"),
        ("e.jsonl", "{\"text\": \"good\", \"label\": 1}\n{\"text\": \"bad\", \"label\": true}\n", "a boolean"),
    ] {
        let path = dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        let refusal = LabelledTexts::read(&path).unwrap_err().to_string();
        for part in [name, "row 2", "label", found] {
            assert!(refusal.contains(part), "{part} is not in {refusal}");
        }
    }
    assert!(LabelledTexts::new(&["one"], &[1, 2]).unwrap_err().to_string().contains("label"));
}

#[test]
fn a_labelled_text_keeps_its_special_tokens_where_it_is_cut() {
    let texts = ["a film of some length", "a film"];
    let tokenizer = train_word_piece(&texts, 60).unwrap();
    let (cls, sep) = (tokenizer.token_to_id("[CLS]").unwrap(), tokenizer.token_to_id("[SEP]").unwrap());
    let rows = encode_labelled_texts(&tokenizer, &texts, &[1, 0], Some(4)).unwrap();
    assert_eq!(rows.iter().map(|row| (row.row, row.label)).collect::<Vec<_>>(), [(0, 1), (1, 0)]);
    for row in &rows {
        assert!(row.input_ids.len() <= 4);
        assert_eq!((row.input_ids.first(), row.input_ids.last()), (Some(&cls), Some(&sep)));
    }
    assert!(encode_labelled_texts(&tokenizer, &texts, &[1], None).is_err());
}

#[test]
fn packed_texts_are_the_texts_joined_by_eos() {
    let tokenizer = Tokenizer::from_pretrained(golden("models/gpt2-tiny")).unwrap();
    let text = std::fs::read_to_string(golden("train.jsonl")).unwrap();
    let rows: Vec<(String, String)> = text
        .lines()
        .map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            (String::new(), row["chosen"].as_str().unwrap().to_owned())
        })
        .collect();
    let options = EncodeOptions { max_length: None, ..EncodeOptions::default() };
    let encoded = encode_texts(&tokenizer, &rows, &options).unwrap();
    assert_eq!(encoded.rows.len(), rows.len());
    let joined: Vec<i64> =
        rows.iter().flat_map(|(_, text)| tokenizer.encode(&format!("{text}<|endoftext|>"), true).unwrap()).collect();
    let packed = pack_wrapped(&encoded.rows, 64).unwrap();
    let stream: Vec<i64> = packed.iter().flat_map(|row| row.completion_ids.clone()).collect();
    assert_eq!(stream[..], joined[..stream.len()]);
    assert!(joined.len() - stream.len() < 2, "{} of {} tokens", stream.len(), joined.len());
    assert!(packed.iter().all(|row| row.prompt_ids.is_empty()));
}

#[test]
fn texts_are_read_as_completions_of_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let texts = file("texts.csv", "label,text\n1,good\n0,bad\n");
    assert_eq!(Completions::read_or_texts(&texts).unwrap().rows(), [("", "good"), ("", "bad")]);
    let completions = file("completions.csv", "prompt,completion,text\nIt was,good,It was good\n");
    assert_eq!(Completions::read_or_texts(&completions).unwrap().rows(), [("It was", "good")]);
    let neither = Completions::read_or_texts(file("neither.csv", "label\n1\n")).unwrap_err().to_string();
    assert!(neither.contains("\"text\"") && neither.contains("neither.csv"), "{neither}");
}
