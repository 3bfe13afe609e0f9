//! Options of `generate` in transformers. data/generation_options.py computes the expected values.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod files;
mod unsupported;

use align_models::generation::processors::{
    ExponentialDecayLengthPenalty, ForcedEos, LogitNormalization, LogitsProcessor, NoBadWords, RemoveInvalidValues,
    SequenceBias, SuppressTokens, SuppressTokensAtBegin,
};
use align_models::generation::{
    Generation, GenerationConfig, StopStrings, StoppingCriterion, generate, generate_completions, stream,
};
use align_models::{CausalLm, Gpt2};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::{Path, PathBuf};
use tch::{Device, Kind, Tensor};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/data/models/gpt2-tiny")
}

fn tiny() -> Gpt2 {
    Gpt2::from_pretrained(&folder(), Kind::Float, Device::Cpu).unwrap()
}

fn golden() -> Value {
    serde_json::from_str(include_str!("../data/generation_options.json")).unwrap()
}

fn read<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap_or_else(|e| panic!("{e}: {value}"))
}

fn cases<'a>(golden: &'a Value, name: &str) -> &'a Vec<Value> {
    let cases = golden[name].as_array().unwrap();
    assert!(!cases.is_empty());
    cases
}

fn processor(golden: &Value, case: &Value) -> Box<dyn LogitsProcessor> {
    let args = &case["args"];
    let eos: Vec<i64> = read(&golden["eos"]);
    let size = |name: &str| read::<usize>(&args[name]);
    match case["processor"].as_str().unwrap() {
        "sequence_bias" => Box::new(SequenceBias::new(&read::<Vec<(Vec<i64>, f64)>>(args))),
        "bad_words_ids" => Box::new(NoBadWords::new(&read::<Vec<Vec<i64>>>(args), &eos)),
        "suppress_tokens" => Box::new(SuppressTokens { suppress_tokens: read(args) }),
        "begin_suppress_tokens" => Box::new(SuppressTokensAtBegin {
            begin_suppress_tokens: read(&args["tokens"]),
            begin_index: size("begin_index"),
        }),
        "forced_eos_token_id" => {
            Box::new(ForcedEos { max_length: size("max_length"), eos_token_id: read(&args["tokens"]) })
        }
        "exponential_decay_length_penalty" => {
            let (start, factor) = read(&args["pair"]);
            let prompt_length = read(&golden["prompt_length"]);
            Box::new(ExponentialDecayLengthPenalty { prompt_length, start, factor, eos_token_id: eos })
        }
        "renormalize_logits" => Box::new(LogitNormalization),
        other => panic!("a processor that this test does not know: {other}"),
    }
}

#[test]
fn processed_scores_equal_those_of_transformers() {
    let golden = golden();
    let ids: Vec<Vec<i64>> = read(&golden["ids"]);
    let scores: Vec<Vec<f32>> = read(&golden["scores"]);
    for case in cases(&golden, "processors") {
        let processor = processor(&golden, case);
        let expected: Vec<Vec<Option<f32>>> = read(&case["output"]);
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

#[test]
fn invalid_values_are_repaired_as_in_transformers() {
    let golden = golden();
    let invalid: Vec<String> = read(&golden["invalid"]);
    let mut scores: Vec<f32> = invalid.iter().map(|x| x.parse().unwrap()).collect();
    RemoveInvalidValues.process(&[], &mut scores);
    assert_eq!(scores, read::<Vec<f32>>(&golden["repaired"]));
}

#[test]
fn excluded_tokens_stay_excluded() {
    let mut scores = [f32::NEG_INFINITY, 0.0, 1.0];
    let penalty =
        |factor| ExponentialDecayLengthPenalty { prompt_length: 0, start: 0, factor, eos_token_id: vec![0, 1] };
    penalty(1e300).process(&[1; 50], &mut scores);
    assert_eq!(scores, [f32::NEG_INFINITY, 0.0, 1.0], "no NaN, whatever overflows");
    let mut none = [f32::NEG_INFINITY; 3];
    LogitNormalization.process(&[], &mut none);
    assert_eq!(none, [f32::NEG_INFINITY; 3]);
    // Ids outside the row are passed over.
    SequenceBias::new(&[(vec![7], 1.0), (vec![-1], 1.0), (vec![], 1.0)]).process(&[1], &mut scores);
    assert_eq!(scores, [f32::NEG_INFINITY, 0.0, 1.0]);
}

#[test]
fn generated_texts_equal_those_of_transformers() {
    let golden = golden();
    let model = tiny();
    let vocabulary: Vec<Vec<u8>> = read(&golden["vocabulary"]);
    for case in cases(&golden, "texts") {
        let what = format!("{} {}", case["config"], case["prompt"]);
        let generation = Generation::new(read(&case["config"])).unwrap().with_token_bytes(&vocabulary);
        let prompt: Vec<i64> = read(&case["prompt"]);
        let written = generate(&model, &Tensor::from_slice(&prompt).unsqueeze(0), None, &generation, 0).unwrap();
        let expected: Vec<Vec<i64>> = read(&case["sequences"]);
        assert_eq!(written.sequences, expected, "{what}");
        let scores: Option<Vec<f64>> = read(&case["scores"]);
        for (found, expected) in written.sequences_scores.iter().flatten().zip(scores.iter().flatten()) {
            assert!((found - expected).abs() < 1e-4, "{what}: score {found}, expected {expected}");
        }
        if generation.config().num_beams == 1 {
            let tokens: Vec<i64> = stream(&model, &prompt, &generation).unwrap().map(|id| id.unwrap()).collect();
            let behind = &expected[0][prompt.len()..];
            let eos = model.eos_token_ids()[0];
            let text: Vec<i64> = behind.iter().copied().take_while(|id| *id != eos).collect();
            assert_eq!(tokens, text, "streamed: {what}");
        }
    }
}

#[test]
fn stop_strings_stop_like_transformers() {
    let golden = golden();
    let vocabulary: Vec<Vec<u8>> = read(&golden["vocabulary"]);
    let sample: Vec<i64> = read(&golden["sample"]);
    for case in cases(&golden, "stop_strings") {
        let strings: Vec<String> = read(&case["stop_strings"]);
        let criterion = StopStrings::new(&strings, &vocabulary);
        let stops: Vec<bool> = (1..=sample.len()).map(|n| criterion.stops(&sample[..n], 1)).collect();
        assert_eq!(stops, read::<Vec<bool>>(&case["stops"]), "{strings:?}");
        assert!(stops.contains(&true), "the sample holds {strings:?}");
    }
    let criterion = StopStrings::new(&["stop"], read::<Vec<String>>(&golden["words"]));
    for case in cases(&golden, "by_hand") {
        assert_eq!(criterion.stops(&read::<Vec<i64>>(&case["ids"]), 0), read::<bool>(&case["stops"]), "{case}");
    }
}

#[test]
fn stop_strings_accept_any_ids() {
    let criterion = StopStrings::new(&["", "ab"], ["a", "b"]);
    assert!(criterion.stops(&[0, 1], 0));
    for ids in [&[][..], &[-1], &[2], &[i64::MAX], &[i64::MIN, 0], &[0, 7, 1, 2]] {
        assert!(!criterion.stops(ids, 0), "{ids:?}");
    }
    assert!(!StopStrings::new(&["a"], [""; 0]).stops(&[0], 0));
}

#[test]
fn custom_stopping_criteria_apply_in_every_strategy() {
    let model = tiny();
    let base = GenerationConfig { max_new_tokens: Some(20), eos_token_id: Some(vec![]), ..Default::default() };
    let sampled = GenerationConfig { do_sample: true, num_return_sequences: 2, ..base.clone() };
    let beams = GenerationConfig { num_beams: 3, num_return_sequences: 3, ..base.clone() };
    for config in [base, sampled, beams] {
        let third = |ids: &[i64], prompt: usize| ids.len() == prompt + 3;
        let generation = Generation::new(config.clone()).unwrap().with_stopping_criterion(Box::new(third));
        let all = generate_completions(&model, &[vec![300, 301], vec![302]], &generation, 2).unwrap();
        assert_eq!(all.len(), 2 * config.num_return_sequences);
        assert!(all.iter().all(|text| text.ids.len() == 3 && text.finished), "{config:?}: {all:?}");
    }
}

#[test]
fn custom_processors_apply_in_every_strategy() {
    let model = tiny();
    let base = GenerationConfig { max_new_tokens: Some(6), ..Default::default() };
    let sampled = GenerationConfig { do_sample: true, ..base.clone() };
    for config in [base.clone(), sampled, GenerationConfig { num_beams: 2, ..base }] {
        let odd = |_: &[i64], scores: &mut [f32]| scores.iter_mut().step_by(2).for_each(|s| *s = f32::NEG_INFINITY);
        let generation = Generation::new(config).unwrap().with_processor(Box::new(odd)).clone();
        let all = generate_completions(&model, &[vec![300, 301]], &generation, 1).unwrap();
        assert!(all.iter().all(|text| text.ids.len() == 6 && text.ids.iter().all(|id| id % 2 == 1)), "{all:?}");
    }
}

#[test]
fn an_empty_prompt_starts_with_the_bos_of_the_options() {
    let write = |config: GenerationConfig, prompt: Vec<i64>| {
        generate_completions(&tiny(), &[prompt], &Generation::new(config).unwrap(), 1).unwrap().remove(0).ids
    };
    let own = GenerationConfig { bos_token_id: Some(300), ..Default::default() };
    assert_eq!(write(own, vec![]), write(GenerationConfig::default(), vec![300]));
}
