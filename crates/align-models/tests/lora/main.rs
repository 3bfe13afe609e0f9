//! LoRA on the tiny GPT-2: outputs, gradients, generation, and options that are rejected.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod files;

use align_models::generation::{Completion, Generation, GenerationConfig, generate_completions};
use align_models::{Attention, CausalLm, Gpt2, LoraBias, LoraConfig, LoraModel, TrainableModel};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tch::{Device, Kind, Tensor};

const ALL: &str = "all-linear";
/// `A` and `B` for `c_attn` of the first block, of shapes `(4, 64)` and `(192, 4)`.
const A: &str = "base_model.model.transformer.h.0.attn.c_attn.lora_A.weight";
const B: &str = "base_model.model.transformer.h.0.attn.c_attn.lora_B.weight";

fn base(kind: Kind) -> Gpt2 {
    let dir = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/data/models/gpt2-tiny"));
    Gpt2::from_pretrained(&dir, kind, Device::Cpu).unwrap()
}

fn config(target: &str) -> LoraConfig {
    LoraConfig { r: 4, lora_alpha: 16.0, target_modules: vec![target.to_owned()].into(), ..LoraConfig::default() }
}

fn fresh(target: &str) -> LoraModel {
    LoraModel::new(base(Kind::Float), config(target), 7).unwrap()
}

/// Seeds LibTorch's generator. It is process-wide, and tests run in parallel, so it is locked.
fn seeded(seed: i64) -> MutexGuard<'static, ()> {
    static GENERATOR: Mutex<()> = Mutex::new(());
    let generator = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    tch::manual_seed(seed);
    generator
}

/// An adapter with non-zero `B`.
fn trained(config: LoraConfig, kind: Kind) -> LoraModel {
    let model = LoraModel::new(base(kind), config, 7).unwrap();
    let _generator = seeded(3);
    for (name, matrix) in model.parameters().iter().filter(|(name, _)| name.contains("lora_B")) {
        assert_eq!(matrix.abs().max().double_value(&[]), 0.0, "{name}");
        let _ = matrix.shallow_clone().normal_(0.0, 0.1);
    }
    model
}

fn ids() -> Tensor {
    Tensor::from_slice(&[5i64, 17, 400, 81, 9, 5, 17, 999]).view([2, 4])
}

fn logits(model: &impl CausalLm) -> Tensor {
    let hidden = model.hidden(&ids(), None, &Attention::Causal, None).unwrap();
    model.logits(&hidden).unwrap().detach().to_kind(Kind::Double)
}

fn largest_difference(a: &Tensor, b: &Tensor) -> f64 {
    (a - b).abs().max().double_value(&[])
}

#[test]
fn a_new_adapter_does_not_change_outputs() {
    assert!(logits(&fresh(ALL)).equal(&logits(&base(Kind::Float))));
}

#[test]
fn a_is_kaiming_uniform_of_the_seed_and_the_layer() {
    let model = LoraModel::new(base(Kind::Float), LoraConfig { r: 64, ..config(ALL) }, 7).unwrap();
    for (name, matrix) in model.parameters().iter().filter(|(name, _)| name.contains("lora_A")) {
        // U(-b, b) with b = 1 / √in has the variance b² / 3.
        let bound = (matrix.size2().unwrap().1 as f64).sqrt().recip();
        let (largest, mean) = (matrix.abs().max().double_value(&[]), matrix.mean(Kind::Double).double_value(&[]));
        let variance = matrix.square().mean(Kind::Double).double_value(&[]);
        assert!(largest <= bound && largest > 0.99 * bound, "{name}: {largest}, bound {bound}");
        assert!(mean.abs() < 0.05 * bound, "{name}: {mean}");
        assert!((variance * 3.0 / bound.powi(2) - 1.0).abs() < 0.05, "{name}: {variance}");
    }
    let (few, many) = (fresh("h.1.attn.c_attn"), fresh(ALL));
    let (name, drawn) = few.parameters().iter().next().unwrap();
    assert!(drawn.equal(many.parameters().get(name).unwrap()), "a layer's draws must not depend on the others");
    let other = LoraModel::new(base(Kind::Float), config(ALL), 8).unwrap();
    assert!(!other.parameters().get(name).unwrap().equal(drawn));
    assert!(!many.parameters().get(A).unwrap().equal(drawn));
}

/// `(W + s · (B A)ᵀ)`, computed here in float64 from the named tensors.
fn merged_by_hand(model: &LoraModel, scaling: f64) -> Gpt2 {
    let base = base(Kind::Double);
    for (name, weight) in base.parameters().iter() {
        let layer = name.trim_end_matches(".weight");
        let matrix = |m| model.parameters().get(&format!("base_model.model.{layer}.lora_{m}.weight"));
        if let (Some(a), Some(b)) = (matrix("A"), matrix("B")) {
            let delta = b.to_kind(Kind::Double).matmul(&a.to_kind(Kind::Double)).tr() * scaling;
            let _ = weight.shallow_clone().g_add_(&delta);
        }
    }
    base
}

#[test]
fn an_adapted_model_equals_the_merged_model() {
    for (options, scaling) in [
        (config("c_attn"), 4.0),
        (config(ALL), 4.0),
        (LoraConfig { use_rslora: true, ..config("mlp.c_proj") }, 8.0),
        (LoraConfig { lora_alpha: 1.0, r: 2, ..config("c_fc") }, 0.5),
    ] {
        let model = trained(options, Kind::Float);
        assert_eq!(model.lora_config().scaling(), scaling);
        let expected = logits(&merged_by_hand(&model, scaling));
        let found = logits(&model);
        assert!(largest_difference(&found, &logits(&base(Kind::Float))) > 0.01, "the adapter counts for nothing");
        assert!(largest_difference(&found, &expected) < 1e-5);
        if let Some(packed) = model.packed().unwrap() {
            let hidden = packed.hidden(&ids(), None, &Attention::Causal, None).unwrap();
            let packed = packed.logits(&hidden).unwrap().to_kind(Kind::Double);
            assert!(largest_difference(&packed, &expected) < 1e-5);
        }
        let merged = model.merge_and_unload().unwrap();
        assert!(largest_difference(&logits(&merged), &expected) < 1e-5);
        assert_eq!(merged.parameters().len(), base(Kind::Float).parameters().len());
    }
}

#[test]
fn an_adapter_of_sixteen_bit_weights_is_float32() {
    let model = trained(config("c_attn"), Kind::BFloat16);
    assert_eq!(model.kind(), Kind::BFloat16);
    assert!(model.parameters().iter().all(|(_, matrix)| matrix.kind() == Kind::Float));
    let expected = logits(&merged_by_hand(&model, 4.0));
    // bfloat16 keeps 8 bits.
    assert!(largest_difference(&logits(&model), &expected) < 0.3);
    assert_eq!(model.merge_and_unload().unwrap().kind(), Kind::BFloat16);
}

#[test]
fn only_the_adapter_has_gradients() {
    let model = trained(config(ALL), Kind::Float);
    assert_eq!(model.parameters().len(), 16);
    model.parameters().set_requires_grad(true);
    logits_with_graph(&model).square().mean(Kind::Float).backward();
    for (name, matrix) in model.parameters().iter() {
        assert!(matrix.grad().defined() && matrix.grad().abs().max().double_value(&[]) > 0.0, "{name}");
    }
    for (name, weight) in model.frozen_parameters().unwrap().iter() {
        assert!(!weight.requires_grad() && !weight.grad().defined(), "{name}");
    }
    // By B of a layer: d/dB sum over a small step of it, numerically.
    let b = model.parameters().get(B).unwrap();
    let loss = || logits(&model).square().mean(Kind::Double).double_value(&[]);
    let moved = b.detach();
    let step = 1e-2;
    let _ = moved.get(0).g_add_scalar_(step);
    let up = loss();
    let _ = moved.get(0).g_sub_scalar_(2.0 * step);
    let down = loss();
    let _ = moved.get(0).g_add_scalar_(step);
    let (numeric, exact) = ((up - down) / (2.0 * step), b.grad().get(0).sum(Kind::Double).double_value(&[]));
    assert!((numeric - exact).abs() < 1e-3 * exact.abs().max(0.1), "{numeric}, {exact}");
}

fn logits_with_graph(model: &impl CausalLm) -> Tensor {
    let hidden = model.hidden(&ids(), None, &Attention::Causal, None).unwrap();
    model.logits(&hidden).unwrap()
}

#[test]
fn adapter_dropout_applies_only_in_training() {
    let mut model = trained(LoraConfig { lora_dropout: 0.5, ..config("c_attn") }, Kind::Float);
    let still = logits(&model);
    assert!(logits(&model).equal(&still));
    model.set_training(true);
    let drawn = || {
        let _generator = seeded(1);
        logits(&model)
    };
    let first = drawn();
    assert!(!first.equal(&still));
    assert!(drawn().equal(&first));
}

#[test]
fn a_frozen_copy_shares_the_base_and_does_not_follow_training() {
    let model = trained(config("c_attn"), Kind::Float);
    let (copy, before) = (model.frozen_copy().unwrap(), logits(&model));
    let wte =
        |model: &dyn CausalLm| model.frozen_parameters().unwrap().get("transformer.wte.weight").unwrap().data_ptr();
    assert_eq!(wte(&model), wte(&copy));
    let _ = model.parameters().get(B).unwrap().shallow_clone().fill_(1.0);
    assert!(!logits(&model).equal(&before));
    assert!(logits(&copy).equal(&before));
}

#[test]
fn training_an_adapter_saves_fewer_activations() {
    let kept = |model: &dyn CausalLm| model.training_memory(3, 10).unwrap().activations;
    let (whole, tokens, float) = (kept(&base(Kind::Float)), 30, 4);
    // In each of two blocks the inputs of c_fc and of the following layer, 64 and 256 wide, are not saved; the rank is 4.
    assert_eq!(kept(&fresh("c_attn")), whole - tokens * float * 2 * (64 + 256 - 4));
    // All inputs are saved, and four values for each of eight layers.
    assert_eq!(kept(&fresh(ALL)), whole + tokens * float * 8 * 4);
}

#[test]
fn an_adapted_model_generates_texts() {
    let model = trained(config(ALL), Kind::Float);
    let options = GenerationConfig { max_new_tokens: Some(6), ..GenerationConfig::default() };
    let generation = Generation::new(options).unwrap();
    let prompts = [vec![5i64, 17], vec![400]];
    let texts = |texts: Vec<Completion>| texts.into_iter().map(|t| t.ids).collect::<Vec<_>>();
    let found = texts(generate_completions(&model, &prompts, &generation, 2).unwrap());
    assert_eq!(
        found,
        texts(generate_completions(&model.merge_and_unload().unwrap(), &prompts, &generation, 2).unwrap())
    );
}

#[test]
fn options_out_of_range_are_rejected() {
    let refused = |change: fn(&mut LoraConfig)| {
        let mut options = config("c_attn");
        change(&mut options);
        LoraModel::new(base(Kind::Float), options, 0).unwrap_err().to_string()
    };
    for (problem, option) in [
        (refused(|c| c.r = 0), "r"),
        (refused(|c| c.lora_alpha = 0.0), "lora_alpha"),
        (refused(|c| c.lora_alpha = f64::NAN), "lora_alpha"),
        (refused(|c| c.lora_dropout = 1.0), "lora_dropout"),
        (refused(|c| c.target_modules = Vec::new().into()), "target_modules"),
        (refused(|c| c.target_modules = vec!["q_proj".to_owned()].into()), "target_modules"),
        (refused(|c| c.fan_in_fan_out = Some(false)), "fan_in_fan_out"),
        (refused(|c| c.rank_pattern = [("c_fc".to_owned(), 2)].into()), "rank_pattern"),
        (refused(|c| c.alpha_pattern = [("h.9.attn.c_attn".to_owned(), 2.0)].into()), "alpha_pattern"),
        (refused(|c| c.target_modules = vec!["c_attn".to_owned(), "q_proj".to_owned()].into()), "target_modules"),
        (refused(|c| c.layers_pattern = Some(vec!["h".to_owned()])), "layers_pattern"),
        (refused(|c| c.layers_to_transform = Some(vec![7])), "target_modules"),
    ] {
        assert!(problem.starts_with(&format!("option {option}:")), "{problem}");
    }
}

/// A fully trained module starts as a copy, and only it and the matrices are trained.
#[test]
fn modules_to_save_start_as_copies_of_the_base_modules() {
    let options = LoraConfig { modules_to_save: vec!["wte".into()], bias: LoraBias::LoraOnly, ..config("c_fc") };
    let base = base(Kind::Float);
    let words = base.parameters().get("transformer.wte.weight").unwrap().shallow_clone();
    let model = LoraModel::new(base, options, 7).unwrap();
    assert_eq!(model.parameters().len(), 2 * 2 + 2 + 1);
    let own = model.parameters().get("base_model.model.transformer.wte.weight").unwrap();
    assert!(own.equal(&words) && own.data_ptr() != words.data_ptr());
    assert!(model.frozen_parameters().unwrap().get("transformer.wte.weight").is_none());
    assert!(model.parameters().get("base_model.model.transformer.h.0.mlp.c_fc.base_layer.bias").is_some());
    let _ = own.shallow_clone().zero_();
    // The output projection stays the base model's, as in PEFT.
    assert!(model.head().equal(&words) && model.head().abs().max().double_value(&[]) > 0.0);
    assert!(!logits(&model).equal(&logits(&fresh("c_fc"))));
}
