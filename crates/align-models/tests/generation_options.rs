//! Options of transformers' `generate`, against what transformers computes: data/generation_options.py writes it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_models::generation::processors::{
    ExponentialDecayLengthPenalty, ForcedEos, LogitNormalization, LogitsProcessor, NoBadWords, RemoveInvalidValues,
    SequenceBias, SuppressTokens, SuppressTokensAtBegin,
};
use align_models::generation::{
    EarlyStopping, Generation, GenerationConfig, StopStrings, StoppingCriterion, generate, generate_prompts, stream,
};
use align_models::{CausalLm, Gpt2};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tch::{Device, Kind, Tensor};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/data/models/gpt2-tiny")
}

fn tiny() -> Gpt2 {
    Gpt2::from_pretrained(&folder(), Kind::Float, Device::Cpu).unwrap()
}

fn golden() -> Value {
    serde_json::from_str(include_str!("data/generation_options.json")).unwrap()
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
fn processors_give_the_scores_that_transformers_gives() {
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
fn ruled_out_stays_ruled_out() {
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
fn texts_are_those_of_transformers() {
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
fn stop_strings_stop_where_transformers_stops() {
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
fn stop_strings_take_any_ids() {
    let criterion = StopStrings::new(&["", "ab"], ["a", "b"]);
    assert!(criterion.stops(&[0, 1], 0));
    for ids in [&[][..], &[-1], &[2], &[i64::MAX], &[i64::MIN, 0], &[0, 7, 1, 2]] {
        assert!(!criterion.stops(ids, 0), "{ids:?}");
    }
    assert!(!StopStrings::new(&["a"], [""; 0]).stops(&[0], 0));
}

#[test]
fn a_criterion_of_ones_own_ends_texts_in_every_strategy() {
    let model = tiny();
    let base = GenerationConfig { max_new_tokens: Some(20), eos_token_id: Some(vec![]), ..Default::default() };
    let sampled = GenerationConfig { do_sample: true, num_return_sequences: 2, ..base.clone() };
    let beams = GenerationConfig { num_beams: 3, num_return_sequences: 3, ..base.clone() };
    for config in [base, sampled, beams] {
        let third = |ids: &[i64], prompt: usize| ids.len() == prompt + 3;
        let generation = Generation::new(config.clone()).unwrap().with_stopping(Box::new(third));
        let all = generate_prompts(&model, &[vec![300, 301], vec![302]], &generation, 2).unwrap();
        assert_eq!(all.len(), 2 * config.num_return_sequences);
        assert!(all.iter().all(|text| text.ids.len() == 3 && text.finished), "{config:?}: {all:?}");
    }
}

#[test]
fn a_processor_of_ones_own_acts_in_every_strategy() {
    let model = tiny();
    let base = GenerationConfig { max_new_tokens: Some(6), ..Default::default() };
    let sampled = GenerationConfig { do_sample: true, ..base.clone() };
    for config in [base.clone(), sampled, GenerationConfig { num_beams: 2, ..base }] {
        let odd = |_: &[i64], scores: &mut [f32]| scores.iter_mut().step_by(2).for_each(|s| *s = f32::NEG_INFINITY);
        let generation = Generation::new(config).unwrap().with_processor(Box::new(odd)).clone();
        let all = generate_prompts(&model, &[vec![300, 301]], &generation, 1).unwrap();
        assert!(all.iter().all(|text| text.ids.len() == 6 && text.ids.iter().all(|id| id % 2 == 1)), "{all:?}");
    }
}

#[test]
fn an_empty_prompt_starts_with_the_bos_of_the_options() {
    let write = |config: GenerationConfig, prompt: Vec<i64>| {
        generate_prompts(&tiny(), &[prompt], &Generation::new(config).unwrap(), 1).unwrap().remove(0).ids
    };
    let own = GenerationConfig { bos_token_id: Some(300), ..Default::default() };
    assert_eq!(write(own, vec![]), write(GenerationConfig::default(), vec![300]));
}

#[test]
fn contradicting_and_ignored_options_are_refused() {
    let base = GenerationConfig::default;
    let eos = |ids: &[i64]| Some(ids.to_vec());
    let refused = [
        ("bad_words_ids", "empty list", GenerationConfig { bad_words_ids: Some(vec![]), ..base() }),
        ("bad_words_ids", "empty item", GenerationConfig { bad_words_ids: Some(vec![vec![1], vec![]]), ..base() }),
        ("bad_words_ids", "-4", GenerationConfig { bad_words_ids: Some(vec![vec![1, -4]]), ..base() }),
        ("suppress_tokens", "empty list", GenerationConfig { suppress_tokens: Some(vec![]), ..base() }),
        ("suppress_tokens", "-1", GenerationConfig { suppress_tokens: Some(vec![-1]), ..base() }),
        ("begin_suppress_tokens", "empty", GenerationConfig { begin_suppress_tokens: Some(vec![]), ..base() }),
        ("forced_eos_token_id", "empty", GenerationConfig { forced_eos_token_id: Some(vec![]), ..base() }),
        ("sequence_bias", "empty list", GenerationConfig { sequence_bias: Some(vec![]), ..base() }),
        ("sequence_bias", "empty item", GenerationConfig { sequence_bias: Some(vec![(vec![], 1.0)]), ..base() }),
        (
            "sequence_bias",
            "bad_words_ids",
            GenerationConfig { sequence_bias: Some(vec![(vec![1], f64::NEG_INFINITY)]), ..base() },
        ),
        ("stop_strings", "empty list", GenerationConfig { stop_strings: Some(vec![]), ..base() }),
        ("stop_strings", "empty item", GenerationConfig { stop_strings: Some(vec![String::new()]), ..base() }),
        ("bos_token_id", "-2", GenerationConfig { bos_token_id: Some(-2), ..base() }),
        (
            "exponential_decay_length_penalty",
            "above 0",
            GenerationConfig { exponential_decay_length_penalty: Some((1, 0.0)), ..base() },
        ),
        (
            "exponential_decay_length_penalty",
            "eos_token_id",
            GenerationConfig { exponential_decay_length_penalty: Some((1, 2.0)), eos_token_id: Some(vec![]), ..base() },
        ),
        (
            "exponential_decay_length_penalty",
            "suppress_tokens",
            GenerationConfig {
                exponential_decay_length_penalty: Some((1, 2.0)),
                eos_token_id: eos(&[0]),
                suppress_tokens: Some(vec![0]),
                ..base()
            },
        ),
        (
            "forced_eos_token_id",
            "suppress_tokens",
            GenerationConfig { forced_eos_token_id: eos(&[0, 3]), suppress_tokens: Some(vec![3, 5, 0]), ..base() },
        ),
        (
            "min_new_tokens",
            "suppress_tokens",
            GenerationConfig {
                min_new_tokens: Some(3),
                eos_token_id: eos(&[0]),
                suppress_tokens: Some(vec![0]),
                ..base()
            },
        ),
    ];
    for (option, because, config) in refused {
        let message = Generation::new(config).unwrap_err().to_string();
        assert!(message.starts_with(&format!("`{option}` is ")), "{option}: {message}");
        assert!(message.contains(because), "{option}, {because}: {message}");
    }
}

#[test]
fn options_that_the_model_cannot_honour_are_refused() {
    let base = GenerationConfig::default;
    let refused = [
        ("suppress_tokens", "1000", GenerationConfig { suppress_tokens: Some(vec![1000]), ..base() }),
        ("bad_words_ids", "1000", GenerationConfig { bad_words_ids: Some(vec![vec![1, 1000]]), ..base() }),
        ("sequence_bias", "1000", GenerationConfig { sequence_bias: Some(vec![(vec![1000], 1.0)]), ..base() }),
        ("forced_eos_token_id", "1000", GenerationConfig { forced_eos_token_id: Some(vec![1000]), ..base() }),
        ("bos_token_id", "1000", GenerationConfig { bos_token_id: Some(1000), ..base() }),
        ("bad_words_ids", "eos_token_id", GenerationConfig { bad_words_ids: Some(vec![vec![0]]), ..base() }),
        ("stop_strings", "with_token_bytes", GenerationConfig { stop_strings: Some(vec!["a".into()]), ..base() }),
    ];
    let model = tiny();
    for (option, because, config) in refused {
        let generation = Generation::new(config).unwrap();
        // Also where there is nothing to continue: before hours of work.
        for prompts in [&[vec![300]][..], &[]] {
            let message = generate_prompts(&model, prompts, &generation, 1).unwrap_err().to_string();
            assert!(message.starts_with(&format!("`{option}` is ")), "{option}: {message}");
            assert!(message.contains(because), "{option}, {because}: {message}");
        }
    }
}

/// What a folder with this generation_config.json gives.
fn from_file(text: &str) -> Result<GenerationConfig, String> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("generation_config.json"), text).unwrap();
    GenerationConfig::from_pretrained(dir.path()).map_err(|e| e.to_string())
}

#[test]
fn a_folder_gives_its_options() {
    let tiny = GenerationConfig::from_pretrained(folder()).unwrap();
    let ids = GenerationConfig { bos_token_id: Some(0), eos_token_id: Some(vec![0]), ..Default::default() };
    assert_eq!(tiny, ids);
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(GenerationConfig::from_pretrained(empty.path()).unwrap(), GenerationConfig::default());
    // As Llama-3's instruct models have it.
    let llama = json!({
        "bos_token_id": 128000, "do_sample": true, "eos_token_id": [128001, 128008], "temperature": 0.6, "top_p": 0.9,
        "transformers_version": "4.42.3", "max_length": 4096, "max_new_tokens": 512,
    });
    let expected = GenerationConfig {
        do_sample: true,
        temperature: Some(0.6),
        top_p: Some(0.9),
        max_new_tokens: Some(512),
        bos_token_id: Some(128_000),
        eos_token_id: Some(vec![128_001, 128_008]),
        ..Default::default()
    };
    assert_eq!(from_file(&llama.to_string()).unwrap(), expected);
    let lists = json!({
        "suppress_tokens": [1, 2], "begin_suppress_tokens": [220, 3], "bad_words_ids": [[4, 5]], "stop_strings": "\n",
        "sequence_bias": [[[10, 45], -2.0]], "exponential_decay_length_penalty": [15, 1.6], "forced_eos_token_id": 3,
        "early_stopping": "never", "num_beams": 3, "renormalize_logits": true, "remove_invalid_values": true,
    });
    let expected = GenerationConfig {
        suppress_tokens: Some(vec![1, 2]),
        begin_suppress_tokens: Some(vec![220, 3]),
        bad_words_ids: Some(vec![vec![4, 5]]),
        stop_strings: Some(vec!["\n".into()]),
        sequence_bias: Some(vec![(vec![10, 45], -2.0)]),
        exponential_decay_length_penalty: Some((15, 1.6)),
        forced_eos_token_id: Some(vec![3]),
        early_stopping: Some(EarlyStopping::Never),
        num_beams: 3,
        renormalize_logits: true,
        remove_invalid_values: true,
        ..Default::default()
    };
    assert_eq!(from_file(&lists.to_string()).unwrap(), expected);
    assert_eq!(from_file(&serde_json::to_string(&expected).unwrap()).unwrap(), expected, "what we write we read");
}

#[test]
fn defaults_and_nulls_of_old_and_new_files_are_not_set() {
    let golden = golden();
    for case in cases(&golden, "files") {
        let ours = from_file(&case["text"].to_string()).unwrap();
        assert_eq!(ours, GenerationConfig { bos_token_id: Some(0), eos_token_id: Some(vec![0]), ..Default::default() });
    }
}

#[test]
fn options_that_only_transformers_has_are_refused_by_name() {
    for (name, value) in [
        ("assistant_early_exit", json!(4)),
        ("cache_implementation", json!("quantized")),
        ("constraints", json!([[1]])),
        ("diversity_penalty", json!(0.5)),
        ("dola_layers", json!("low")),
        ("encoder_no_repeat_ngram_size", json!(3)),
        ("encoder_repetition_penalty", json!(1.2)),
        ("force_words_ids", json!([[1]])),
        ("forced_bos_token_id", json!(5)),
        ("guidance_scale", json!(1.5)),
        ("max_time", json!(2.5)),
        ("num_beam_groups", json!(2)),
        ("output_logits", json!(true)),
        ("penalty_alpha", json!(0.6)),
        ("prompt_lookup_num_tokens", json!(10)),
        ("token_healing", json!(true)),
        ("top_h", json!(0.4)),
        ("watermarking_config", json!({"bias": 2.0})),
    ] {
        let message = from_file(&json!({ name: value }).to_string()).unwrap_err();
        assert!(
            message.contains("generation_config.json") && message.contains(&format!("`{name}` is set")),
            "{message}"
        );
        assert!(from_file(&json!({ name: null }).to_string()).is_ok(), "{name}: null");
    }
}

#[test]
fn bad_files_are_refused_with_a_place() {
    for (text, because) in [
        ("", "is not a generation config"),
        ("[]", "is not a generation config"),
        ("{\"top_k\": \"many\"}", "`top_k`: invalid type"),
        ("{\"temperature\": 0.7, \"num_beams\": -1}", "`num_beams`: invalid value"),
        ("{\"temperature\": -2, \"do_sample\": true}", "`temperature` is -2"),
        ("{\"eos_token_id\": [0, -1]}", "`eos_token_id` is -1"),
        ("{\"bad_words_ids\": [1]}", "`bad_words_ids[0]`: invalid type"),
    ] {
        let message = from_file(text).unwrap_err();
        assert!(message.contains("generation_config.json: ") && message.contains(because), "{text}: {message}");
    }
    for option in [
        "suppress_tokens",
        "begin_suppress_tokens",
        "forced_eos_token_id",
        "bad_words_ids",
        "sequence_bias",
        "stop_strings",
    ] {
        assert_eq!(from_file(&json!({ option: [] }).to_string()).unwrap(), GenerationConfig::default(), "{option}");
    }
    let many: Vec<i64> = (0..700).collect();
    for text in [
        json!({ "suppress_tokens": many }).to_string(),
        serde_json::to_string_pretty(&json!({ "suppress_tokens": many })).unwrap(),
    ] {
        assert_eq!(from_file(&text).unwrap().suppress_tokens.as_ref(), Some(&many));
    }
    let amplified = format!("{{\"bad_words_ids\": [{}[0]]}}", "[0],".repeat(100_000));
    assert!(from_file(&amplified).unwrap_err().contains("values"), "more values than a file of a model holds");
    let large = format!("{{\"stop_strings\": \"{}\"}}", "a".repeat(3 << 20));
    assert!(from_file(&large).unwrap_err().contains("bytes"));
    let message = GenerationConfig::from_pretrained("no/such/folder").unwrap_err().to_string();
    assert!(message.contains("no/such/folder") && message.contains("no such folder"), "{message}");
    assert!(GenerationConfig::from_json_file("no/such.json").is_err());
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("generation_config.json")).unwrap();
    let message = GenerationConfig::from_pretrained(dir.path()).unwrap_err().to_string();
    assert!(message.contains("not a regular file"), "{message}");
}
