//! Logits processors on a row of GPT-2's vocabulary, and whole texts by each strategy.
//!
//! `cargo bench --bench generation`; `ALIGN_BENCH_MODEL=DIR` takes the model in that folder instead of the tiny one.

use align_models::generation::processors::{LogitsProcessor, NoRepeatNGram, Temperature, TopK, TopP, TypicalP};
use align_models::generation::{Generation, GenerationConfig, generate_prompts};
use align_models::{CausalLm, Gpt2};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::path::PathBuf;
use tch::{Device, Kind, Tensor};

const VOCAB: i64 = 50_257;

fn processors(c: &mut Criterion) {
    tch::manual_seed(0);
    let scores = Vec::<f32>::try_from(Tensor::randn([VOCAB], (Kind::Float, Device::Cpu)) * 3.0).expect("one row");
    let ids: Vec<i64> = (0..150).map(|i| i * 37 % 50).collect();
    let mut group = c.benchmark_group("processors");
    group.throughput(Throughput::Elements(VOCAB as u64));
    let cases: [(&str, Box<dyn LogitsProcessor>); 5] = [
        ("temperature", Box::new(Temperature { temperature: 4.0 })),
        ("no_repeat_ngram", Box::new(NoRepeatNGram { size: 2 })),
        ("top_k", Box::new(TopK { top_k: 50 })),
        ("top_p", Box::new(TopP { top_p: 0.9, min_tokens_to_keep: 1 })),
        ("typical_p", Box::new(TypicalP { typical_p: 0.9, min_tokens_to_keep: 1 })),
    ];
    for (name, processor) in cases {
        group.bench_function(name, |b| {
            b.iter_batched_ref(|| scores.clone(), |row| processor.process(&ids, row), BatchSize::LargeInput);
        });
    }
    group.finish();
}

/// Texts of 50 tokens, 16 prompts of two tokens at a time.
fn texts(c: &mut Criterion) {
    let tiny = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/data/models/gpt2-tiny");
    let dir = std::env::var_os("ALIGN_BENCH_MODEL").map_or(tiny, PathBuf::from);
    let model = Gpt2::from_pretrained(&dir, Kind::Float, Device::Cpu).expect("a model");
    let prompts: Vec<Vec<i64>> = (0..16).map(|i| vec![i % model.vocab_size(), 300]).collect();
    let base = GenerationConfig { min_length: Some(50), max_length: Some(50), ..Default::default() };
    let sampling =
        GenerationConfig { do_sample: true, temperature: Some(4.0), no_repeat_ngram_size: 2, ..base.clone() };
    let strategies = [
        ("greedy", base.clone()),
        ("sampling", sampling.clone()),
        ("beam_search", GenerationConfig { num_beams: 5, ..base }),
        ("beam_sampling", GenerationConfig { num_beams: 5, ..sampling }),
    ];
    let mut group = c.benchmark_group("texts");
    group.sample_size(10).throughput(Throughput::Elements(prompts.len() as u64));
    for (name, config) in strategies {
        let generation = Generation::new(config).expect("options that fit");
        group.bench_function(name, |b| b.iter(|| generate_prompts(&model, &prompts, &generation, 16).expect("texts")));
    }
    group.finish();
}

criterion_group!(benches, processors, texts);
criterion_main!(benches);
