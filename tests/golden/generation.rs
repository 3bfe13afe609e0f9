//! Compares generation with generate.json, sampling.json and processors.json.

use crate::chi_square::two_sample_p_value;
use crate::{golden_dir, read_json};
use align_models::Gpt2;
use align_models::generation::processors::{
    EpsilonCutoff, EtaCutoff, LogitsProcessor, MinLength, MinP, NoRepeatNGram, RepetitionPenalty, Temperature, TopK,
    TopP, TypicalP,
};
use align_models::generation::{Generation, GenerationConfig, generate};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use tch::{Device, Kind, Tensor};

fn read<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap_or_else(|e| panic!("{e}: {value}"))
}

fn cases(file: &Value) -> &Vec<Value> {
    let cases = file["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    cases
}

fn model(file: &Value) -> Gpt2 {
    Gpt2::from_pretrained(&golden_dir().join(file["model"].as_str().unwrap()), Kind::Float, Device::Cpu).unwrap()
}

#[test]
fn greedy_and_beam_search_equal_those_of_transformers() {
    let file = read_json("generate.json");
    let model = model(&file);
    for case in cases(&file) {
        let generation = Generation::new(read(&case["config"])).unwrap();
        let input = Tensor::from_slice2(&read::<Vec<Vec<i64>>>(&case["input_ids"]));
        let mask = Tensor::from_slice2(&read::<Vec<Vec<i64>>>(&case["attention_mask"]));
        let written = generate(&model, &input, Some(&mask), &generation, 0).unwrap();
        let what = format!("{} {}", case["config"], case["prompts"]);
        assert_eq!(written.sequences, read::<Vec<Vec<i64>>>(&case["sequences"]), "{what}");
        let expected: Option<Vec<f64>> = read(&case["sequences_scores"]);
        assert_eq!(written.sequences_scores.is_some(), expected.is_some(), "{what}");
        for (found, expected) in written.sequences_scores.iter().flatten().zip(expected.iter().flatten()) {
            assert!((found - expected).abs() < 1e-4, "{what}: score {found}, expected {expected}");
        }
    }
}

#[test]
fn sampling_has_the_distribution_of_transformers() {
    const DRAWS: usize = 4_000;
    let file = read_json("sampling.json");
    let model = model(&file);
    let mut expected = Vec::new();
    for case in cases(&file) {
        let config = GenerationConfig { do_sample: true, seed: 1, ..read(&case["config"]) };
        let generation = Generation::new(config).unwrap();
        let prompt: Vec<i64> = read(&case["prompt_ids"]);
        let input = Tensor::from_slice(&prompt).unsqueeze(0).repeat([DRAWS as i64 / 8, 1]);
        let mut found: BTreeMap<Vec<i64>, u64> = BTreeMap::new();
        for part in 0..8 {
            let written = generate(&model, &input, None, &generation, part * DRAWS as u64 / 8).unwrap();
            for ids in written.sequences {
                *found.entry(ids[prompt.len()..].to_vec()).or_default() += 1;
            }
        }
        assert_eq!(found.values().sum::<u64>(), DRAWS as u64);
        let theirs: BTreeMap<Vec<i64>, u64> = read::<Vec<(Vec<i64>, u64)>>(&case["counts"]).into_iter().collect();
        let p = two_sample_p_value(&found, &theirs);
        assert!(p > 1e-4, "{}: p = {p}", case["config"]);
        expected.push(theirs);
    }
    // The test can distinguish distributions: with other options it fails.
    for pair in expected.windows(2) {
        assert!(two_sample_p_value(&pair[0], &pair[1]) < 1e-4);
    }
}

#[test]
fn logits_processors_equal_those_of_transformers() {
    let file = read_json("processors.json");
    let ids: Vec<Vec<i64>> = read(&file["input_ids"]);
    let scores: Vec<Vec<f32>> = read(&file["scores"]);
    for case in cases(&file) {
        let processor = processor(case);
        let expected: Vec<Vec<Option<f32>>> = read(&case["output"]);
        assert_eq!(expected.len(), scores.len());
        for ((ids, scores), expected) in ids.iter().zip(&scores).zip(&expected) {
            let mut found = scores.clone();
            processor.process(ids, &mut found);
            for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
                let fits = match expected {
                    Some(expected) => (found - expected).abs() < 1e-5,
                    None => *found == f32::NEG_INFINITY,
                };
                assert!(fits, "{} {}, token {i}: {found}, expected {expected:?}", case["processor"], case["args"]);
            }
        }
    }
}

fn processor(case: &Value) -> Box<dyn LogitsProcessor> {
    let name = case["processor"].as_str().unwrap();
    let args = &case["args"];
    let value = args[name].as_f64().unwrap();
    let min_tokens_to_keep = 1;
    match name {
        "temperature" => Box::new(Temperature { temperature: value as f32 }),
        "top_k" => Box::new(TopK { top_k: value as usize }),
        "top_p" => Box::new(TopP { top_p: value, min_tokens_to_keep }),
        "min_p" => Box::new(MinP { min_p: value, min_tokens_to_keep }),
        "typical_p" => Box::new(TypicalP { typical_p: value, min_tokens_to_keep }),
        "epsilon_cutoff" => Box::new(EpsilonCutoff { epsilon_cutoff: value, min_tokens_to_keep }),
        "eta_cutoff" => Box::new(EtaCutoff { eta_cutoff: value, min_tokens_to_keep }),
        "repetition_penalty" => Box::new(RepetitionPenalty { penalty: value as f32 }),
        "no_repeat_ngram_size" => Box::new(NoRepeatNGram { size: value as usize }),
        "min_length" => {
            let eos_token_id = vec![args["eos_token_id"].as_i64().unwrap()];
            Box::new(MinLength { min_length: value as usize, eos_token_id })
        }
        other => panic!("processors.json has a processor that this test does not know: {other}"),
    }
}
