//! Measures each stage of generation and scoring: a decoding step with plain and packed weights, the head, a DistilBERT forward pass,
//! logits processors on one row of GPT-2's vocabulary, and whole texts with each decoding strategy.
//!
//! `cargo bench --bench generation`. The stages use random weights of the size of GPT-2 small and DistilBERT base. Whole texts are generated
//! with the tests' tiny GPT-2, or with the model in `ALIGN_BENCH_MODEL=DIR`.

use align_models::checkpoint::Layout;
use align_models::generation::processors::{LogitsProcessor, NoRepeatNGram, Temperature, TopK, TopP, TypicalP};
use align_models::generation::{Generation, GenerationConfig, generate_completions};
use align_models::{
    Attention, CausalLm, DistilBert, DistilBertConfig, Gpt2, Gpt2Config, Parameters, SequenceClassifier,
};
use align_torch::MatmulPrecision;
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

/// Random weights with the shapes of a config.
fn made_up(layout: &Layout) -> Parameters {
    let tensor = |shape: &[i64]| Tensor::randn(shape, (Kind::Float, Device::Cpu)) * 0.02;
    Parameters::new(layout.tensors.iter().map(|spec| (spec.name.clone(), tensor(&spec.shape))).collect())
}

/// A decoding step after 24 tokens for 32 prompts with 5 beams and for eight texts, and the head.
fn decoding(c: &mut Criterion) {
    let _precision = MatmulPrecision::fastest_exact(Device::Cpu).set();
    let config = Gpt2Config::default();
    let plain = Gpt2::from_parameters(config.clone(), made_up(&config.layout())).expect("a model");
    let packed = plain.packed().expect("memory");
    let models: [(&str, &dyn CausalLm); 2] = [("plain", &plain), ("packed", packed.as_deref().unwrap_or(&plain))];
    let mut group = c.benchmark_group("decoding");
    group.sample_size(10);
    for (name, model) in models {
        for rows in [8, 160] {
            let ids = |seq: i64| Tensor::randint(config.vocab_size, [rows, seq], (Kind::Int64, Device::Cpu));
            let (prompt, next, hidden) =
                (ids(24), ids(1), Tensor::randn([rows, config.n_embd], (Kind::Float, Device::Cpu)));
            let step = || {
                let mut cache = model.new_cache(rows, 25);
                let _ =
                    tch::no_grad(|| model.hidden(&prompt, None, &Attention::Causal, Some(&mut cache))).expect("a pass");
                cache
            };
            group.throughput(Throughput::Elements(rows as u64));
            group.bench_function(format!("{name}/step/{rows}"), |b| {
                b.iter_batched_ref(
                    step,
                    |cache| {
                        tch::no_grad(|| model.hidden(&next, None, &Attention::Causal, Some(cache))).expect("a step")
                    },
                    BatchSize::PerIteration,
                );
            });
            group.bench_function(format!("{name}/head/{rows}"), |b| {
                b.iter(|| tch::no_grad(|| model.logits(&hidden)).expect("logits"));
            });
        }
    }
    group.finish();
}

/// 32 texts of 158 tokens, the mean length of the notebook's texts.
fn scoring(c: &mut Criterion) {
    let _precision = MatmulPrecision::fastest_exact(Device::Cpu).set();
    let config = DistilBertConfig::default();
    let plain = DistilBert::from_parameters(config.clone(), made_up(&config.layout())).expect("a model");
    let packed = plain.packed().expect("memory");
    let texts: Vec<Vec<i64>> = (0..32).map(|i| (0..158).map(|j| (i * 97 + j * 31) % 30_000).collect()).collect();
    let mut group = c.benchmark_group("scoring");
    group.sample_size(10).throughput(Throughput::Elements(texts.len() as u64));
    let models: [(&str, &dyn SequenceClassifier); 2] =
        [("plain", &plain), ("packed", packed.as_deref().unwrap_or(&plain))];
    for (name, model) in models {
        group.bench_function(name, |b| b.iter(|| model.classify(&texts, 32, &mut |_| ()).expect("logits")));
    }
    group.finish();
}

/// Texts of 50 tokens, for 16 prompts of two tokens at a time.
fn texts(c: &mut Criterion) {
    let tiny = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/data/models/gpt2-tiny");
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
        group.bench_function(name, |b| {
            b.iter(|| generate_completions(&model, &prompts, &generation, 16).expect("texts"))
        });
    }
    group.finish();
}

criterion_group!(benches, decoding, scoring, processors, texts);
criterion_main!(benches);
