//! Tables of labelled texts, and tokenisation for fine-tuning.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_data::{
    Completions, EncodeOptions, LabelledTexts, Tokenizer, UnpairedPreference, UnpairedPreferences,
    encode_labelled_texts, encode_texts, pack_wrapped, train_word_piece,
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
fn invalid_classes_are_rejected_with_the_row() {
    let dir = tempfile::tempdir().unwrap();
    for (name, content, found) in [
        ("a.csv", "text,label\ngood,1\nbad,-1\n", "-1"),
        ("b.csv", "text,label\ngood,1\nbad,0.5\n", "0.5"),
        ("c.csv", "text,label\ngood,1\nbad,negative\n", "negative"),
        ("d.csv", "text,label\ngood,1\nbad,1e18\n", "1e18"),
        ("e.jsonl", "{\"text\": \"good\", \"label\": 1}\n{\"text\": \"bad\", \"label\": {}}\n", "an object"),
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
fn a_truncated_text_keeps_its_special_tokens() {
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
fn texts_are_read_as_completions_of_empty_prompts() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let row = |prompt: &str, completion: &str| (prompt.to_owned(), completion.to_owned());
    let texts = file("texts.csv", "label,text\n1,good\n0,bad\n");
    assert_eq!(Completions::read_or_texts(&texts).unwrap().rows(), [row("", "good"), row("", "bad")]);
    let completions = file("completions.csv", "prompt,completion,text\nIt was,good,It was good\n");
    assert_eq!(Completions::read_or_texts(&completions).unwrap().rows(), [row("It was", "good")]);
    let neither = Completions::read_or_texts(file("neither.csv", "label\n1\n")).unwrap_err().to_string();
    assert!(neither.contains("\"text\"") && neither.contains("neither.csv"), "{neither}");
}

/// Labels in every notation and format give the same result.
#[test]
fn labels_may_have_any_common_notation() {
    let dir = tempfile::tempdir().unwrap();
    let names = ["NEGATIVE".to_owned(), "POSITIVE".to_owned()];
    let file = |name: &str, content: String| {
        let path = dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let mut read = 0;
    for (positive, negative, is_flag) in [
        ("true", "false", true),
        ("1", "0", true),
        ("1.0", "0.0", true),
        ("\"True\"", "\"False\"", true),
        ("\"true\"", "\"FALSE\"", true),
        ("\"yes\"", "\"No\"", true),
        ("\"1\"", "\"0\"", true),
        ("\"POSITIVE\"", "\"NEGATIVE\"", false),
        ("\"positive\"", "\"Negative\"", false),
        // One file may mix notations.
        ("true", "0", true),
        ("1", "\"False\"", true),
        ("\"POSITIVE\"", "0", false),
    ] {
        let rows = [("good", positive), ("bad", negative)];
        let json = rows.map(|(text, label)| {
            format!(
                "{{\"prompt\": \"It was\", \"completion\": \"{text}\", \"text\": \"{text}\", \"label\": {label}}}\n"
            )
        });
        let csv = rows.map(|(text, label)| format!("It was,{text},{text},{}\n", label.replace('"', "")));
        let files = [
            file("labels.jsonl", json.concat()),
            file("labels.csv", format!("prompt,completion,text,label\n{}", csv.concat())),
        ];
        for path in files {
            assert_eq!(LabelledTexts::read_classes(&path, &names).unwrap().labels(), [1, 0], "{path:?} {positive}");
            let judged = UnpairedPreferences::read_or_unpair(&path);
            match is_flag {
                true => {
                    assert_eq!(judged.unwrap().rows().iter().map(|row| row.label).collect::<Vec<_>>(), [true, false])
                }
                false => assert!(judged.unwrap_err().to_string().contains("true or false"), "{positive}"),
            }
            read += 1;
        }
    }
    assert_eq!(read, 24);
}

#[test]
fn invalid_labels_are_rejected_with_row_and_column() {
    let dir = tempfile::tempdir().unwrap();
    let names = ["NEGATIVE".to_owned(), "POSITIVE".to_owned()];
    for (name, content, found) in [
        ("a.csv", "text,label\ngood,1\nbad,2\n", "\"2\""),
        ("b.csv", "text,label\ngood,1\nbad,POSITIV\n", "\"POSITIV\""),
        ("c.csv", "text,label\ngood,1\nbad,\n", "nothing (null)"),
        ("d.jsonl", "{\"text\": \"good\", \"label\": 1}\n{\"text\": \"bad\", \"label\": [0]}\n", "a list"),
        ("e.jsonl", "{\"text\": \"good\", \"label\": 1}\n{\"text\": \"bad\"}\n", "nothing (null)"),
        ("f.jsonl", "{\"text\": \"good\", \"label\": 1}\n{\"text\": \"bad\", \"label\": 0.5}\n", "\"0.5\""),
    ] {
        let path = dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        let refusal = LabelledTexts::read_classes(&path, &names).unwrap_err().to_string();
        for part in [name, "row 2, column \"label\"", found] {
            assert!(refusal.contains(part), "{part} is not in {refusal}");
        }
        if found.starts_with('"') {
            assert!(refusal.contains("0 (NEGATIVE), 1 (POSITIVE)"), "{refusal}");
        }
    }
}

/// Written by `tests/data/parquet_types.py` with pandas and pyarrow.
#[test]
fn parquet_texts_and_labels_may_have_any_type() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/parquet_types");
    let rows = [("the film", true), ("é \"film\", too", false)];
    let rows = rows.map(|(text, label)| UnpairedPreference::new(text, text, label));
    let mut read = Vec::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        match name.as_str() {
            "categories.parquet" => {
                let names = ["bad".to_owned(), "good".to_owned()];
                let frame = LabelledTexts::read_classes(&path, &names).unwrap_err().to_string();
                assert!(frame.contains("expected a column \"text\""), "{frame}");
                let refusal = UnpairedPreferences::read(&path).unwrap_err().to_string();
                assert!(refusal.contains("row 1, column \"label\"") && refusal.contains("\"good\""), "{refusal}");
                assert_eq!(
                    Completions::read_or_texts(&path).unwrap().rows(),
                    rows.each_ref().map(|r| (r.prompt.clone(), r.completion.clone()))
                );
            }
            "missing.parquet" => {
                let refusal = UnpairedPreferences::read(&path).unwrap_err().to_string();
                assert!(refusal.contains("row 2, column \"label\"") && refusal.contains("null"), "{refusal}");
            }
            name => {
                assert_eq!(
                    UnpairedPreferences::read(&path).unwrap_or_else(|e| panic!("{name}: {e}")).rows(),
                    rows,
                    "{name}"
                );
                read.push(name.to_owned());
            }
        }
    }
    assert_eq!(read.len(), 6, "{read:?}");
}
