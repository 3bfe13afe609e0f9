//! Generation with the tiny GPT-2: what completions depend on, and which options are rejected.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_models::generation::{
    Completion, EarlyStopping, Generation, GenerationConfig, check_completions_fit_memory, generate,
    generate_completions,
};
use align_models::{CausalLm, Gpt2};
use std::path::Path;
use tch::{Device, Kind, Tensor};

fn tiny() -> Gpt2 {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/data/models/gpt2-tiny");
    Gpt2::from_pretrained(&dir, Kind::Float, Device::Cpu).unwrap()
}

/// Prompts of one to three tokens, some of them equal.
fn prompts() -> Vec<Vec<i64>> {
    (0..11).map(|i| (0..1 + i % 3).map(|j| 300 + (i / 3 + j) % 4).collect()).collect()
}

fn strategies() -> [GenerationConfig; 4] {
    let base = GenerationConfig { max_new_tokens: Some(12), ..Default::default() };
    let sample = GenerationConfig { do_sample: true, temperature: Some(1.5), top_p: Some(0.95), ..base.clone() };
    [
        GenerationConfig { no_repeat_ngram_size: 2, ..base.clone() },
        GenerationConfig { num_return_sequences: 2, ..sample.clone() },
        GenerationConfig { num_beams: 3, num_return_sequences: 2, ..base.clone() },
        GenerationConfig { num_beams: 3, top_k: Some(20), ..sample },
    ]
}

fn write(config: &GenerationConfig, prompts: &[Vec<i64>], batch_size: usize) -> Vec<Completion> {
    generate_completions(&tiny(), prompts, &Generation::new(config.clone()).unwrap(), batch_size).unwrap()
}

fn ids(completions: &[Completion]) -> Vec<&Vec<i64>> {
    completions.iter().map(|completion| &completion.ids).collect()
}

#[test]
fn completions_depend_on_seed_and_prompt_index_but_not_on_the_batch() {
    for config in strategies() {
        let all = write(&config, &prompts(), 16);
        assert_eq!(all.len(), 11 * config.num_return_sequences);
        assert!(all.iter().enumerate().all(|(i, text)| text.prompt == i / config.num_return_sequences), "input order");
        for batch_size in [1, 5] {
            assert_eq!(ids(&write(&config, &prompts(), batch_size)), ids(&all), "batch size {batch_size}: {config:?}");
        }
        let first: Vec<_> = prompts().into_iter().take(4).collect();
        let fewer = write(&config, &first, 3);
        assert_eq!(ids(&fewer), ids(&all)[..fewer.len()], "fewer prompts: {config:?}");
        let other = write(&GenerationConfig { seed: 1, ..config.clone() }, &prompts(), 16);
        assert_eq!(ids(&other) != ids(&all), config.do_sample, "another seed: {config:?}");
    }
}

#[test]
fn equal_prompts_get_different_samples() {
    for config in strategies().into_iter().filter(|config| config.do_sample) {
        let all = write(&config, &vec![vec![300, 301]; 8], 8);
        let distinct: std::collections::BTreeSet<_> = ids(&all).into_iter().collect();
        assert!(distinct.len() > all.len() / 2, "{config:?}: {distinct:?}");
    }
}

#[test]
fn a_batch_of_equal_lengths_is_numbered_from_first_prompt_index() {
    let config = GenerationConfig { do_sample: true, max_new_tokens: Some(8), ..Default::default() };
    let generation = Generation::new(config).unwrap();
    let model = tiny();
    let batch = |n: i64, first| {
        let input = Tensor::from_slice(&[300_i64, 301]).repeat([n, 1]).view([n, 2]);
        generate(&model, &input, None, &generation, first).unwrap().sequences
    };
    let six = batch(6, 10);
    assert_eq!(batch(3, 13)[..], six[3..]);
    let mask = Tensor::ones([6, 2], (Kind::Int64, Device::Cpu));
    let input = Tensor::from_slice(&[300_i64, 301]).repeat([6, 1]).view([6, 2]);
    assert_eq!(generate(&model, &input, Some(&mask), &generation, 10).unwrap().sequences, six);
}

#[test]
fn left_padding_does_not_change_greedy_completions() {
    let generation = Generation::new(GenerationConfig { max_new_tokens: Some(10), ..Default::default() }).unwrap();
    let model = tiny();
    let alone = generate(&model, &Tensor::from_slice2(&[[300_i64, 301]]), None, &generation, 0).unwrap();
    let input = Tensor::from_slice2(&[[0_i64, 0, 300, 301], [310, 320, 330, 340]]);
    let mask = Tensor::from_slice2(&[[0_i64, 0, 1, 1], [1, 1, 1, 1]]);
    let padded = generate(&model, &input, Some(&mask), &generation, 0).unwrap();
    let until = alone.sequences[0].len();
    assert_eq!(padded.sequences[0][2..2 + until], alone.sequences[0]);
}

#[test]
fn completions_hold_neither_prompt_nor_eos() {
    let model = tiny();
    let eos = model.eos_token_ids()[0];
    // Beams at a length penalty of 0 prefer the shortest texts, so some end early.
    let config = GenerationConfig {
        num_beams: 4,
        length_penalty: Some(0.0),
        early_stopping: Some(EarlyStopping::Never),
        max_new_tokens: Some(30),
        ..Default::default()
    };
    let all = write(&config, &prompts(), 8);
    assert!(all.iter().any(|text| text.finished), "some text ends before 30 tokens");
    for text in &all {
        assert!(!text.ids.contains(&eos));
        assert!(text.finished || text.ids.len() == 30, "{text:?}");
        assert!(text.score.unwrap() < 0.0);
    }
}

#[test]
fn an_empty_prompt_starts_with_bos() {
    let config = GenerationConfig::default();
    let bos = tiny().bos_token_id().unwrap();
    let [empty, started] = [vec![], vec![bos]].map(|prompt| write(&config, &[prompt], 1).remove(0).ids);
    assert_eq!(empty, started);
}

#[test]
fn the_default_is_twenty_new_tokens_or_the_models_maximum() {
    let none = GenerationConfig { eos_token_id: Some(vec![]), ..Default::default() };
    assert_eq!(write(&none, &[vec![300; 3]], 1)[0].ids.len(), 20);
    assert_eq!(write(&none, &[vec![300; 120]], 1)[0].ids.len(), 8, "the model holds 128 tokens");
}

fn refusal(config: GenerationConfig) -> String {
    Generation::new(config).unwrap_err().to_string()
}

#[test]
fn contradicting_options_and_options_without_effect_are_rejected() {
    let base = GenerationConfig::default;
    let sampled = || GenerationConfig { do_sample: true, ..base() };
    let beams = || GenerationConfig { num_beams: 3, ..base() };
    let refused = [
        ("temperature", "do_sample", GenerationConfig { temperature: Some(0.5), ..base() }),
        ("top_k", "do_sample", GenerationConfig { top_k: Some(10), ..base() }),
        ("top_p", "do_sample", GenerationConfig { top_p: Some(0.9), ..beams() }),
        ("min_p", "do_sample", GenerationConfig { min_p: Some(0.1), ..base() }),
        ("typical_p", "do_sample", GenerationConfig { typical_p: Some(0.9), ..base() }),
        ("epsilon_cutoff", "do_sample", GenerationConfig { epsilon_cutoff: Some(0.1), ..base() }),
        ("eta_cutoff", "do_sample", GenerationConfig { eta_cutoff: Some(0.1), ..base() }),
        ("length_penalty", "num_beams", GenerationConfig { length_penalty: Some(2.0), ..sampled() }),
        ("early_stopping", "num_beams", GenerationConfig { early_stopping: Some(EarlyStopping::Full), ..base() }),
        ("num_return_sequences", "greedy", GenerationConfig { num_return_sequences: 2, ..base() }),
        ("num_return_sequences", "num_beams", GenerationConfig { num_return_sequences: 4, ..beams() }),
        ("max_length", "max_new_tokens", GenerationConfig { max_length: Some(9), max_new_tokens: Some(9), ..base() }),
        ("min_length", "min_new_tokens", GenerationConfig { min_length: Some(9), min_new_tokens: Some(9), ..base() }),
        ("min_length", "max_length", GenerationConfig { min_length: Some(9), max_length: Some(8), ..base() }),
        (
            "min_new_tokens",
            "max_new_tokens",
            GenerationConfig { min_new_tokens: Some(9), max_new_tokens: Some(8), ..base() },
        ),
        ("min_length", "eos_token_id", GenerationConfig { min_length: Some(9), eos_token_id: Some(vec![]), ..base() }),
        ("temperature", "above 0", GenerationConfig { temperature: Some(0.0), ..sampled() }),
        ("temperature", "above 0", GenerationConfig { temperature: Some(f64::NAN), ..sampled() }),
        ("top_p", "above 0", GenerationConfig { top_p: Some(0.0), ..sampled() }),
        ("top_p", "at most 1", GenerationConfig { top_p: Some(1.1), ..sampled() }),
        ("min_p", "0 to 1", GenerationConfig { min_p: Some(-0.1), ..sampled() }),
        ("typical_p", "at most 1", GenerationConfig { typical_p: Some(2.0), ..sampled() }),
        ("epsilon_cutoff", "below 1", GenerationConfig { epsilon_cutoff: Some(1.0), ..sampled() }),
        ("eta_cutoff", "below 1", GenerationConfig { eta_cutoff: Some(-1.0), ..sampled() }),
        ("repetition_penalty", "above 0", GenerationConfig { repetition_penalty: 0.0, ..base() }),
        ("length_penalty", "finite", GenerationConfig { length_penalty: Some(f64::INFINITY), ..beams() }),
        ("num_beams", "at least 1", GenerationConfig { num_beams: 0, ..base() }),
        ("num_return_sequences", "at least 1", GenerationConfig { num_return_sequences: 0, ..base() }),
        ("max_new_tokens", "at least 1", GenerationConfig { max_new_tokens: Some(0), ..base() }),
        ("eos_token_id", "-1", GenerationConfig { eos_token_id: Some(vec![-1]), ..base() }),
        ("pad_token_id", "-5", GenerationConfig { pad_token_id: Some(-5), ..base() }),
    ];
    for (option, because, config) in refused {
        let message = refusal(config);
        assert!(message.starts_with(&format!("`{option}` ")), "{option}: {message}");
        assert!(message.contains(because), "{option}, {because}: {message}");
    }
    for accepted in strategies() {
        assert!(Generation::new(accepted).is_ok());
    }
}

#[test]
fn options_are_parsed_as_transformers_writes_them() {
    let read = |json: &str| serde_json::from_str::<GenerationConfig>(json);
    let config = read(r#"{"num_beams": 2, "early_stopping": "never", "eos_token_id": 5, "top_k": 0}"#).unwrap();
    assert_eq!(config.early_stopping, Some(EarlyStopping::Never));
    assert_eq!(config.eos_token_id, Some(vec![5]));
    assert_eq!(read(r#"{"eos_token_id": [5, 6]}"#).unwrap().eos_token_id, Some(vec![5, 6]));
    assert_eq!(read(r#"{"early_stopping": true}"#).unwrap().early_stopping, Some(EarlyStopping::Full));
    let written = serde_json::to_string(&config).unwrap();
    assert_eq!(read(&written).unwrap(), config, "{written}");
    assert!(read(r#"{"early_stopping": "always"}"#).unwrap_err().to_string().contains("never"));
    assert!(read(r#"{"temprature": 1}"#).unwrap_err().to_string().contains("temprature"));
}

#[test]
fn invalid_prompts_are_rejected() {
    let model = tiny();
    let run = |input: &Tensor, mask: Option<&Tensor>, config: GenerationConfig| {
        generate(&model, input, mask, &Generation::new(config).unwrap(), 7).unwrap_err().to_string()
    };
    let two = Tensor::from_slice2(&[[300_i64, 301], [302, 303]]);
    let default = GenerationConfig::default;
    let refused = [
        ("(batch, seq)", run(&Tensor::from_slice(&[1_i64]), None, default())),
        ("int64", run(&Tensor::from_slice2(&[[1.5_f32]]), None, default())),
        ("prompt is empty", run(&Tensor::zeros([1, 0], (Kind::Int64, Device::Cpu)), None, default())),
        ("prompt 8 contains token 1000000", run(&Tensor::from_slice2(&[[1_i64], [1_000_000]]), None, default())),
        ("contains token -1", run(&Tensor::from_slice2(&[[-1_i64]]), None, default())),
        ("differ in shape", run(&two, Some(&Tensor::from_slice2(&[[1_i64], [1]])), default())),
        ("pad on the left", run(&two, Some(&Tensor::from_slice2(&[[1_i64, 1], [1, 0]])), default())),
        ("contains 2", run(&two, Some(&Tensor::from_slice2(&[[1_i64, 1], [2, 1]])), default())),
        ("no room in max_length, 2", run(&two, None, GenerationConfig { max_length: Some(2), ..default() })),
        ("max_position_embeddings, 128", run(&two, None, GenerationConfig { max_length: Some(129), ..default() })),
        ("2 tokens plus 127 new", run(&two, None, GenerationConfig { max_new_tokens: Some(127), ..default() })),
        ("no room in the model's max_position_embeddings", run(&two.repeat([1, 64]), None, default())),
        (
            "`eos_token_id` is 1000000",
            run(&two, None, GenerationConfig { eos_token_id: Some(vec![1_000_000]), ..default() }),
        ),
        (
            "`min_new_tokens` is 9, but a text has at most 10 tokens",
            run(&two, None, GenerationConfig { min_new_tokens: Some(9), max_length: Some(10), ..default() }),
        ),
        (
            "`min_length` is 9, but a text with this prompt of 2 tokens has at most 5",
            run(&two, None, GenerationConfig { min_length: Some(9), max_new_tokens: Some(3), ..default() }),
        ),
    ];
    for (because, message) in refused {
        assert!(message.contains(because), "{because}: {message}");
    }
    let generation = Generation::new(default()).unwrap();
    let message = generate_completions(&model, &[vec![1]], &generation, 0).unwrap_err().to_string();
    assert!(message.contains("`batch_size` is 0"), "{message}");
    assert!(generate_completions(&model, &[], &generation, 4).unwrap().is_empty());
}

#[test]
fn running_out_of_continuations_is_an_error() {
    // One new token: the two that top_k leaves cannot make three texts.
    let config = GenerationConfig {
        do_sample: true,
        top_k: Some(2),
        num_beams: 3,
        num_return_sequences: 3,
        max_new_tokens: Some(1),
        ..Default::default()
    };
    let generation = Generation::new(config).unwrap();
    let message = generate_completions(&tiny(), &[vec![300]], &generation, 1).unwrap_err().to_string();
    assert!(message.contains("prompt 0, step 1: only 2 continuations are possible, but 3 are needed"), "{message}");
}

#[test]
fn more_beams_than_continuations_do_not_allocate_memory() {
    let config = GenerationConfig { num_beams: 2000, max_new_tokens: Some(1), ..Default::default() };
    let all = write(&config, &[vec![300]], 1);
    let greedy = write(&GenerationConfig { max_new_tokens: Some(1), ..Default::default() }, &[vec![300]], 1);
    assert_eq!(ids(&all), ids(&greedy), "with one new token the best beam is the likeliest token");
}

#[test]
fn options_that_exceed_memory_are_rejected_with_the_limit() {
    let most = |config: GenerationConfig, batch_size, option: &str| {
        let generation = Generation::new(config).unwrap();
        let prompts = vec![vec![300]; 3];
        let message = generate_completions(&tiny(), &prompts, &generation, batch_size).unwrap_err().to_string();
        assert!(message.starts_with(&format!("`{option}` ")) && message.contains("available memory"), "{message}");
        message.split("at most ").nth(1).unwrap().split(' ').next().unwrap().parse::<usize>().unwrap()
    };
    for huge in [1 << 60, usize::MAX] {
        let beams = most(GenerationConfig { num_beams: huge, ..Default::default() }, 1, "num_beams");
        let drawing = GenerationConfig { do_sample: true, num_return_sequences: huge, ..Default::default() };
        let rows = most(drawing, 1, "num_return_sequences");
        // Beams need a mask over the tokens of all beams, which separate rows do not.
        assert!((100..rows).contains(&beams), "{beams} beams, {rows} rows");
        let three = GenerationConfig { do_sample: true, num_return_sequences: rows / 2, ..Default::default() };
        assert!((1..3).contains(&most(three, 3, "batch_size")));
        let message = check_completions_fit_memory("--texts-per-prompt", 46, huge).unwrap_err().to_string();
        assert!(message.contains("`--texts-per-prompt` is ") && message.contains("at most "), "{message}");
    }
    check_completions_fit_memory("--texts-per-prompt", 46, 1000).unwrap();
}
