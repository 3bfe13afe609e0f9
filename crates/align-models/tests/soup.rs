//! Averages of models.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_models::{AutoModelForCausalLm, CausalLm, LoraConfig, LoraModel, ModelSoup, TrainableModel};
use std::path::Path;
use tch::{Device, Kind, Tensor};

fn load(name: &str) -> Box<dyn CausalLm> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/data/models").join(name);
    AutoModelForCausalLm::from_pretrained(&dir, Kind::Float, Device::Cpu).unwrap()
}

/// Numbers of about 0.1 that differ by seed. LibTorch's random numbers would depend on other tests.
fn noise(like: &Tensor, seed: u64) -> Tensor {
    (Tensor::arange(like.numel() as i64, (like.kind(), Device::Cpu)) * (0.37 * seed as f64)).sin().view_as(like) * 0.1
}

/// The model with noise on its weights.
fn noisy(name: &str, seed: u64) -> Box<dyn CausalLm> {
    let model = load(name);
    for (_, weight) in model.parameters().iter() {
        let _ = weight.shallow_clone().g_add_(&noise(weight, seed));
    }
    model
}

fn weights(model: &dyn CausalLm) -> Vec<Tensor> {
    model.parameters().iter().map(|(_, weight)| weight.to_kind(Kind::Double)).collect()
}

#[test]
fn a_soup_is_the_weighted_mean() {
    for name in ["gpt2-tiny", "llama-tiny"] {
        let models = [noisy(name, 1), noisy(name, 2), noisy(name, 3)];
        let by_model: Vec<_> = models.iter().map(|model| weights(model.as_ref())).collect();
        let [first, second, third] = models;
        let mut soup = ModelSoup::new(first, 2.0).unwrap();
        soup.add(second.as_ref(), 1.0).unwrap();
        soup.add(third.as_ref(), 5.0).unwrap();
        for (i, found) in weights(soup.finish().unwrap().as_ref()).iter().enumerate() {
            let expected = (&by_model[0][i] * 2.0 + &by_model[1][i] + &by_model[2][i] * 5.0) / 8.0;
            assert!((found - expected).abs().max().double_value(&[]) < 1e-6, "{name}, tensor {i}");
        }
    }
}

/// The mean of merged adapters is the base model with the mean of their updates, which the mean of their matrices is not.
#[test]
fn a_soup_of_adapters_averages_their_updates() {
    let adapted = |seed: u64| {
        let model = LoraModel::new(load("gpt2-tiny"), LoraConfig { r: 2, ..LoraConfig::default() }, seed).unwrap();
        for (_, matrix) in model.parameters().iter() {
            matrix.shallow_clone().copy_(&noise(matrix, seed));
        }
        model.merge_and_unload().unwrap()
    };
    let base = weights(load("gpt2-tiny").as_ref());
    let updates = [1, 2].map(|seed| {
        weights(adapted(seed).as_ref()).iter().zip(&base).map(|(weight, base)| weight - base).collect::<Vec<_>>()
    });
    let mut soup = ModelSoup::new(adapted(1), 0.25).unwrap();
    soup.add(adapted(2).as_ref(), 0.75).unwrap();
    let found = weights(soup.finish().unwrap().as_ref());
    let mut moved = 0;
    for (i, base) in base.iter().enumerate() {
        let expected = base + &updates[0][i] * 0.25 + &updates[1][i] * 0.75;
        assert!((&found[i] - expected).abs().max().double_value(&[]) < 1e-6);
        moved += usize::from((&found[i] - base).abs().max().double_value(&[]) > 1e-3);
    }
    assert!(moved > 0, "no adapter changed a weight");
}

/// Weights of any scale count by their ratios.
#[test]
fn weights_are_relative() {
    let mean = |scale: f64| {
        let mut soup = ModelSoup::new(noisy("gpt2-tiny", 1), 3.0 * scale).unwrap();
        soup.add(noisy("gpt2-tiny", 2).as_ref(), scale).unwrap();
        weights(soup.finish().unwrap().as_ref())
    };
    for (found, expected) in [1e300, 1e-300].iter().flat_map(|scale| mean(*scale)).zip(mean(1.0).iter().cycle()) {
        assert!((found - expected).abs().max().double_value(&[]) < 1e-6);
    }
    let mut broken = ModelSoup::new(noisy("gpt2-tiny", 1), 1.0).unwrap();
    let other = noisy("gpt2-tiny", 2);
    let _ = other.head().shallow_clone().fill_(f64::NAN);
    broken.add(other.as_ref(), 1.0).unwrap();
    assert!(broken.finish().unwrap_err().to_string().contains("is not finite"));
}

#[test]
fn what_cannot_be_averaged_is_refused() {
    let refused = |other: &str, weight: f64| {
        let mut soup = ModelSoup::new(load("llama-tiny"), 1.0).unwrap();
        soup.add(load(other).as_ref(), weight).unwrap_err().to_string()
    };
    assert!(refused("gpt2-tiny", 1.0).contains("same architecture"));
    assert!(refused("mistral-tiny", 1.0).contains("same architecture"));
    assert!(refused("llama-tiny", -0.5).contains("weight of a model in a soup is -0.5"));
    assert!(refused("llama-tiny", f64::NAN).contains("NaN"));
    assert!(refused("llama-tiny", f64::MAX * 1.1).contains("inf"));
    let mut soup = ModelSoup::new(load("llama-tiny"), f64::MAX).unwrap();
    assert!(soup.add(load("llama-tiny").as_ref(), f64::MAX).unwrap_err().to_string().contains("too large"));
    let nothing = ModelSoup::new(load("llama-tiny"), 0.0).unwrap().finish().unwrap_err().to_string();
    assert!(nothing.contains("all weights of the soup are 0"), "{nothing}");
}
