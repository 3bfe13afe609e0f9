//! Sampling from a policy.
#![allow(clippy::unwrap_used)]

use align_data::Tokenizer;
use align_frontier::{SamplingOptions, sample};
use align_models::{Gpt2, TrainableModel};
use std::collections::BTreeSet;
use std::path::Path;
use tch::{Device, Kind};

#[test]
fn texts_are_sampled_from_the_whole_distribution() {
    let dir = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/data/models/gpt2-tiny"));
    let tokenizer = Tokenizer::from_pretrained(dir).unwrap();
    let model = Gpt2::from_pretrained(dir, Kind::Float, Device::Cpu).unwrap();
    // All logits are equal, so all tokens are equally likely.
    let _ = tch::no_grad(|| model.parameters().get("transformer.ln_f.weight").unwrap().shallow_clone().zero_());
    let _ = tch::no_grad(|| model.parameters().get("transformer.ln_f.bias").unwrap().shallow_clone().zero_());
    let score = |texts: &[&str]| Ok(texts.iter().map(|text| text.len() as f64).collect());
    let sampling = SamplingOptions { texts_per_prompt: 400, max_new_tokens: 1, seed: 3 };
    let samples = sample(&model, &tokenizer, &["The".to_owned()], &sampling, 400, &score).unwrap();
    let tokens: BTreeSet<i64> = samples.iter().flat_map(|sample| sample.ids.iter().copied()).collect();
    let vocabulary = model.config().vocab_size as f64;
    let expected = vocabulary * (1.0 - (1.0 - 1.0 / vocabulary).powi(400));
    assert!((tokens.len() as f64 - expected).abs() < 0.1 * expected, "{} distinct tokens, {expected}", tokens.len());
    assert!(samples.iter().all(|sample| sample.reward == sample.text.len() as f64));
}
