//! LoRA on the tiny GPT-2: what a layer computes, what moves, what is written, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_models::checkpoint::{Checkpoint, save_safetensors};
use align_models::generation::{Completion, Generation, GenerationConfig, generate_prompts};
use align_models::{Attention, CausalLm, Gpt2, LoraBias, LoraConfig, LoraModel, TrainableModel};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tch::{Device, Kind, Tensor};

const ALL: &str = "all-linear";
const CONFIG: &str = "adapter_config.json";
const WEIGHTS: &str = "adapter_model.safetensors";
/// The first block's `A` and `B` beside `c_attn`, of shapes `(4, 64)` and `(192, 4)`.
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

/// LibTorch's generator, seeded: the process has one, and tests run side by side.
fn seeded(seed: i64) -> MutexGuard<'static, ()> {
    static GENERATOR: Mutex<()> = Mutex::new(());
    let generator = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    tch::manual_seed(seed);
    generator
}

/// An adapter whose `B` is not zero any more.
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
fn a_new_adapter_leaves_the_model_as_it_is() {
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
fn an_adapted_model_is_the_one_with_merged_weights() {
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
fn dropout_is_of_the_adapter_and_in_training_only() {
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
fn a_frozen_copy_shares_the_base_and_stays_behind() {
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
fn a_pass_keeps_less_than_one_of_the_whole_model() {
    let kept = |model: &dyn CausalLm| model.training_memory(3, 10).unwrap().activations;
    let (whole, tokens, float) = (kept(&base(Kind::Float)), 30, 4);
    // In each of two blocks the inputs of c_fc and of the layer behind it, 64 and 256 wide, are not kept; the rank is 4.
    assert_eq!(kept(&fresh("c_attn")), whole - tokens * float * 2 * (64 + 256 - 4));
    // All inputs are kept, and four numbers of each of eight layers.
    assert_eq!(kept(&fresh(ALL)), whole + tokens * float * 8 * 4);
}

#[test]
fn it_writes_texts() {
    let model = trained(config(ALL), Kind::Float);
    let options = GenerationConfig { max_new_tokens: Some(6), ..GenerationConfig::default() };
    let generation = Generation::new(options).unwrap();
    let prompts = [vec![5i64, 17], vec![400]];
    let texts = |texts: Vec<Completion>| texts.into_iter().map(|t| t.ids).collect::<Vec<_>>();
    let found = texts(generate_prompts(&model, &prompts, &generation, 2).unwrap());
    assert_eq!(found, texts(generate_prompts(&model.merge_and_unload().unwrap(), &prompts, &generation, 2).unwrap()));
}

#[test]
fn what_is_saved_is_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let options = LoraConfig {
        use_rslora: true,
        lora_dropout: 0.25,
        base_model_name_or_path: Some("user/gpt2".into()),
        ..config(ALL)
    };
    let model = trained(options.clone(), Kind::Float);
    model.save_pretrained(dir.path(), false).unwrap();
    let mut files: Vec<_> =
        fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    assert_eq!(files, [CONFIG, WEIGHTS]);

    let json: Value = serde_json::from_str(&fs::read_to_string(dir.path().join(CONFIG)).unwrap()).unwrap();
    for (name, value) in [
        ("peft_type", json!("LORA")),
        ("task_type", json!("CAUSAL_LM")),
        ("r", json!(4)),
        ("lora_alpha", json!(16)),
        ("lora_dropout", json!(0.25)),
        ("target_modules", json!("all-linear")),
        ("fan_in_fan_out", json!(true)),
        ("use_rslora", json!(true)),
        ("bias", json!("none")),
        ("inference_mode", json!(true)),
        ("base_model_name_or_path", json!("user/gpt2")),
    ] {
        assert_eq!(json[name], value, "{name}");
    }
    let stored = Checkpoint::open_safetensors(&dir.path().join(WEIGHTS)).unwrap();
    let shape = |name: &str| stored.entries().iter().find(|entry| entry.name() == name).unwrap().shape().to_vec();
    assert_eq!((shape(A), shape(B)), (vec![4, 64], vec![192, 4]));

    let again = LoraModel::from_pretrained(base(Kind::Float), dir.path()).unwrap();
    let LoraConfig { r, lora_alpha, lora_dropout, target_modules, use_rslora, .. } = again.lora_config();
    assert_eq!((*r, *lora_alpha, *lora_dropout, *use_rslora), (4, 16.0, 0.25, true));
    assert_eq!(target_modules, &options.target_modules);
    assert!(logits(&again).equal(&logits(&model)));
    let refused = model.save_pretrained(dir.path(), false).unwrap_err().to_string();
    assert!(refused.contains("exists already"), "{refused}");
    again.save_pretrained(dir.path(), true).unwrap();
    assert!(logits(&LoraModel::from_pretrained(base(Kind::Float), dir.path()).unwrap()).equal(&logits(&model)));
}

/// A saved adapter beside `c_attn`, spoiled.
fn spoiled(spoil: impl FnOnce(&Path)) -> String {
    let dir = tempfile::tempdir().unwrap();
    trained(config("c_attn"), Kind::Float).save_pretrained(dir.path(), false).unwrap();
    spoil(dir.path());
    LoraModel::from_pretrained(base(Kind::Float), dir.path()).unwrap_err().to_string()
}

fn with_option(name: &str, value: Value) -> impl FnOnce(&Path) {
    let name = name.to_owned();
    move |dir| {
        let path = dir.join(CONFIG);
        let mut json: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        json[name] = value;
        fs::write(path, json.to_string()).unwrap();
    }
}

#[test]
fn what_pefts_config_asks_for_and_we_have_not_is_refused_by_name() {
    for (name, value) in [
        ("peft_type", json!("PREFIX_TUNING")),
        ("peft_type", Value::Null),
        ("task_type", json!("SEQ_CLS")),
        ("bias", json!("some")),
        ("init_lora_weights", json!("pissa_niter_16")),
        ("use_dora", json!(true)),
        ("rank_pattern", json!({"c_attn": 0})),
        ("rank_pattern", json!({"c_attn(": 2})),
        ("alpha_pattern", json!({"c_attn": -2})),
        ("modules_to_save", json!([""])),
        ("layers_to_transform", json!("first")),
        ("layers_pattern", json!("h")),
        ("target_modules", json!("(?<=h).*c_attn")),
        ("megatron_config", json!({"tensor_model_parallel_size": 2})),
        ("init_lora_weights", json!("loftq")),
        ("alora_invocation_tokens", json!([5])),
        ("use_qalora", json!(true)),
        ("trainable_token_indices", json!([1])),
        ("lora_bias", json!(true)),
        ("an_option_of_next_year", json!(1)),
        ("r", json!(0)),
        ("r", json!(1_u64 << 40)),
        ("lora_alpha", json!(-1)),
        ("lora_dropout", json!(1.0)),
        ("target_modules", json!([])),
        ("target_modules", json!(".*attn.*")),
        ("target_modules", json!(["q_proj"])),
        ("exclude_modules", json!(["c_attn"])),
        ("target_modules", json!(["wte"])),
        ("target_modules", json!(["attn"])),
    ] {
        let problem = spoiled(with_option(name, value.clone()));
        assert!(problem.contains(CONFIG) && problem.contains(name), "{name} {value}: {problem}");
    }
}

#[test]
fn what_asks_for_nothing_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    trained(config("c_attn"), Kind::Float).save_pretrained(dir.path(), false).unwrap();
    for (name, value) in [
        ("fan_in_fan_out", json!(false)),
        ("use_dora", json!(false)),
        ("rank_pattern", json!({})),
        ("modules_to_save", Value::Null),
        ("layers_to_transform", Value::Null),
        ("an_option_of_next_year", json!(false)),
        ("qalora_group_size", json!(16)),
        ("megatron_core", json!("megatron.core")),
        ("init_lora_weights", json!("gaussian")),
        ("revision", json!("main")),
        ("auto_mapping", json!({"base_model_class": "GPT2LMHeadModel"})),
    ] {
        with_option(name, value)(dir.path());
    }
    let model = LoraModel::from_pretrained(base(Kind::Float), dir.path()).unwrap();
    let again = tempfile::tempdir().unwrap();
    model.save_pretrained(again.path(), false).unwrap();
    let json: Value = serde_json::from_str(&fs::read_to_string(again.path().join(CONFIG)).unwrap()).unwrap();
    assert_eq!((&json["fan_in_fan_out"], &json["revision"]), (&json!(true), &json!("main")));
    assert_eq!(json["init_lora_weights"], json!("gaussian"));
}

#[test]
fn damaged_and_foreign_files_are_refused() {
    let says = |problem: String, parts: &[&str]| {
        assert!(parts.iter().all(|part| problem.contains(part)), "{problem}");
    };
    says(spoiled(|dir| fs::remove_file(dir.join(CONFIG)).unwrap()), &[CONFIG]);
    says(spoiled(|dir| fs::remove_file(dir.join(WEIGHTS)).unwrap()), &[WEIGHTS]);
    says(spoiled(|dir| fs::write(dir.join(CONFIG), "{").unwrap()), &[CONFIG, "is not an adapter's config"]);
    says(spoiled(|dir| fs::write(dir.join(CONFIG), "[]").unwrap()), &[CONFIG]);
    says(spoiled(with_option("r", json!("four"))), &[CONFIG]);
    let cut = |dir: &Path| {
        let bytes = fs::read(dir.join(WEIGHTS)).unwrap();
        fs::write(dir.join(WEIGHTS), &bytes[..bytes.len() / 2]).unwrap();
    };
    says(spoiled(cut), &[WEIGHTS, "cut short"]);
    says(spoiled(with_option("r", json!(8))), &[WEIGHTS, CONFIG, A, "expected shape [8, 64], found [4, 64]"]);
    says(spoiled(with_option("target_modules", json!(["c_fc"]))), &[WEIGHTS, "missing", "mlp.c_fc", "unexpected", A]);
    let without_b = |dir: &Path| {
        let tensors = Checkpoint::open_safetensors(&dir.join(WEIGHTS)).unwrap();
        let a = tensors.read(A).unwrap();
        save_safetensors(&dir.join(WEIGHTS), [(A, &a)], true).unwrap();
    };
    says(spoiled(without_b), &[WEIGHTS, "missing", B]);
    let integers = |dir: &Path| {
        let tensors = Checkpoint::open_safetensors(&dir.join(WEIGHTS)).unwrap();
        let all: Vec<_> = tensors
            .entries()
            .iter()
            .map(|e| (e.name(), tensors.read(e.name()).unwrap().to_kind(Kind::Int64)))
            .collect();
        save_safetensors(&dir.join(WEIGHTS), all.iter().map(|(name, tensor)| (*name, tensor)), true).unwrap();
    };
    says(spoiled(integers), &[WEIGHTS, "floating-point"]);
}

#[test]
fn options_out_of_range_are_refused() {
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

#[test]
fn a_folder_with_an_adapter_alone_names_its_base() {
    let dir = tempfile::tempdir().unwrap();
    let base_of = || LoraConfig::base_of_adapter(dir.path());
    assert_eq!(base_of().unwrap(), None);
    trained(config("c_attn"), Kind::Float).save_pretrained(dir.path(), false).unwrap();
    let problem = base_of().unwrap_err().to_string();
    assert!(problem.contains(CONFIG) && problem.contains("base_model_name_or_path"), "{problem}");
    with_option("base_model_name_or_path", json!("user/base"))(dir.path());
    assert_eq!(base_of().unwrap().as_deref(), Some("user/base"));
    let problem = Gpt2::from_pretrained(dir.path(), Kind::Float, Device::Cpu).unwrap_err().to_string();
    assert!(problem.contains("config.json") && problem.contains("holds an adapter alone"), "{problem}");
    fs::write(dir.path().join("config.json"), "{}").unwrap();
    assert_eq!(base_of().unwrap(), None);
}

/// A module that is trained whole starts as a copy, and only it and the matrices move.
#[test]
fn modules_that_are_saved_are_copies_of_the_base_models() {
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
