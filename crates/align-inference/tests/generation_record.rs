//! Records of how texts were generated.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_inference::{Error, GenerationRecord, PromptsRecord};
use align_models::generation::GenerationConfig;
use serde_json::json;
use std::fs;

fn record(generation: GenerationConfig) -> GenerationRecord {
    GenerationRecord {
        align: "1.2.3".to_owned(),
        model: "gpt2".to_owned(),
        model_identity: json!({ "weights": "00" }),
        prompts: PromptsRecord::of(&["a", "b"]),
        texts_per_prompt: 4,
        generation,
    }
}

fn sampling() -> GenerationConfig {
    GenerationConfig { do_sample: true, max_new_tokens: Some(20), ..GenerationConfig::default() }
}

/// The differences from plain sampling.
fn differences(generation: GenerationConfig) -> Vec<(String, String)> {
    let found = record(sampling()).differences(&record(generation));
    found.into_iter().map(|found| (found.option, found.values.map(|value| value.to_string()).join(" "))).collect()
}

#[test]
fn options_are_compared_with_their_defaults() {
    let difference = |option: &str, values: &str| (option.to_owned(), values.to_owned());
    assert_eq!(differences(sampling()), []);
    // Defaults, seeds and the number of sampled texts make no difference.
    let same = GenerationConfig {
        temperature: Some(1.0),
        top_k: Some(50),
        seed: 7,
        num_return_sequences: 5,
        max_new_tokens: None,
        eos_token_id: Some(vec![3]),
        ..sampling()
    };
    assert_eq!(differences(same), []);
    let beams = GenerationConfig { num_beams: 5, temperature: Some(4.0), ..sampling() };
    let found = differences(beams);
    assert!(found.contains(&difference("num_beams", "1 5")) && found.contains(&difference("temperature", "1.0 4.0")));
    assert!(found.iter().all(|(option, _)| option != "top_k"), "{found:?}");
    let length = GenerationConfig { max_new_tokens: None, max_length: Some(50), ..sampling() };
    assert_eq!(differences(length), [difference("max_length", "null 50"), difference("max_new_tokens", "20 null")]);
    // Sampling options of texts that were not sampled are not mentioned.
    let greedy = GenerationConfig { do_sample: false, ..sampling() };
    assert_eq!(differences(greedy), [difference("do_sample", "true false")]);
}

#[test]
fn prompts_are_compared_as_a_set() {
    assert_eq!(PromptsRecord::of(&["a", "b"]), PromptsRecord::of(&["b", "a", "b"]));
    assert_eq!(PromptsRecord::of(&["a", "b"]).count, 2);
    assert_ne!(PromptsRecord::of(&["a", "b"]), PromptsRecord::of(&["ab"]));
    assert_ne!(PromptsRecord::of(&["a", "b"]), PromptsRecord::of(&["a", "c"]));
}

#[test]
fn records_are_replaced_only_on_request() {
    let dir = tempfile::tempdir().unwrap();
    let table = dir.path().join("texts.csv");
    let (first, other) = (record(sampling()), record(GenerationConfig { seed: 3, ..sampling() }));
    assert_eq!(GenerationRecord::read(&table).unwrap(), None);
    first.write(&table, false).unwrap();
    assert_eq!(GenerationRecord::read(&table).unwrap().as_ref(), Some(&first));
    first.write(&table, false).unwrap();
    assert!(matches!(other.write(&table, false), Err(Error::RecordExists { .. })));
    assert!(matches!(GenerationRecord::remove(&table, false), Err(Error::RecordExists { .. })));
    other.write(&table, true).unwrap();
    assert_eq!(GenerationRecord::read(&table).unwrap(), Some(other));
    GenerationRecord::remove(&table, true).unwrap();
    assert_eq!(GenerationRecord::read(&table).unwrap(), None);
    GenerationRecord::remove(&table, false).unwrap();
}

#[test]
fn other_files_are_never_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let table = dir.path().join("texts.csv");
    let path = GenerationRecord::path(&table);
    assert_eq!(path, dir.path().join("texts.csv.generation.json"));
    for content in ["notes", "{}", "[]", "{\"align\": \"1\", \"model\": 3}"] {
        fs::write(&path, content).unwrap();
        let problem = record(sampling()).write(&table, true).unwrap_err().to_string();
        assert!(problem.contains("texts.csv.generation.json: not a record of generation"), "{problem}");
        assert!(GenerationRecord::remove(&table, true).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
}
