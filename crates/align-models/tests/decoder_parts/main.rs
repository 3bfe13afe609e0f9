//! The parts of a decoder that GPT-2 does not use, against plain formulas: grouped heads, rotary positions, root mean square norms,
//! gated feed-forward, layers without biases. And what every decoder can: caches, packing, rows that share tokens, gradient
//! checkpointing, adapters.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod formula;
mod toy;

use align_models::{Attention, CausalLm, DecoderLm, LoraConfig, LoraModel, Modules, SharedTokenRows, TrainableModel};
use tch::{Device, Kind, Tensor};
use toy::{Toy, families, llama, model};

const ROWS: [&[i64]; 2] = [&[3, 14, 15, 9, 26, 5], &[8, 9, 7, 9, 3, 2]];

fn ids() -> Tensor {
    Tensor::from_slice(&ROWS.concat()).view([2, 6])
}

fn logits(model: &dyn CausalLm) -> Tensor {
    let hidden = model.hidden(&ids(), None, &Attention::Causal, None).unwrap();
    model.logits(&hidden).unwrap()
}

fn assert_near(found: &Tensor, expected: &Tensor, within: f64, what: &str) {
    let apart = (found.to_kind(Kind::Double) - expected).abs().max().double_value(&[]);
    assert!(apart < within, "{what}: {apart}");
}

fn by_formula(toy: &Toy, model: &DecoderLm<Toy>) -> Tensor {
    Tensor::stack(&ROWS.map(|row| formula::logits(toy, model, row)), 0)
}

#[test]
fn a_decoder_is_its_formula() {
    for (name, toy) in families() {
        let exact = model(&toy, Kind::Double);
        let expected = by_formula(&toy, &exact);
        assert!(expected.std(true).double_value(&[]) > 0.1, "{name} says nothing");
        assert_near(&logits(&exact), &expected, 1e-6, name);
        let single = model(&toy, Kind::Float);
        assert_near(&logits(&single), &by_formula(&toy, &single), 2e-5, name);
        if let Some(packed) = single.packed().unwrap() {
            assert_near(&logits(&packed), &by_formula(&toy, &single), 2e-5, name);
            assert!(packed.adaptable().is_none());
        }
    }
}

#[test]
fn a_cached_pass_is_the_whole_one() {
    for (name, toy) in families() {
        let model = model(&toy, Kind::Double);
        let mut cache = model.new_cache(2, 6);
        let mut found = Vec::new();
        for (from, count) in [(0, 3), (3, 1), (4, 2)] {
            let part = ids().narrow(1, from, count);
            let hidden = model.hidden(&part, None, &Attention::Causal, Some(&mut cache)).unwrap();
            found.push(model.logits(&hidden).unwrap());
        }
        assert_near(&Tensor::cat(&found, 1), &by_formula(&toy, &model), 1e-6, name);
    }
}

#[test]
fn padding_on_the_left_changes_nothing() {
    for (name, toy) in families() {
        let model = model(&toy, Kind::Double);
        let row = |numbers: &[i64]| Tensor::from_slice(numbers).unsqueeze(0);
        let (ids, mask) = (row(&[1, 1, 3, 14, 15, 9, 26, 5]), row(&[0, 0, 1, 1, 1, 1, 1, 1]));
        let positions = row(&[0, 0, 0, 1, 2, 3, 4, 5]);
        let hidden = model.hidden(&ids, Some(&positions), &Attention::Padded(&mask), None).unwrap();
        let found = model.logits(&hidden).unwrap().narrow(1, 2, 6);
        assert_near(&found.squeeze_dim(0), &formula::logits(&toy, &model, ROWS[0]), 1e-6, name);
    }
}

#[test]
fn rows_that_share_tokens_are_computed_once() {
    for (name, toy) in families() {
        let model = model(&toy, Kind::Double);
        // Two rows with two tokens in common.
        let rows = SharedTokenRows::new(&[vec![0, 1, 2, 3], vec![0, 1, 4]], Device::Cpu).unwrap();
        let row = |numbers: &[i64]| Tensor::from_slice(numbers).unsqueeze(0);
        let (ids, positions) = (row(&[3, 14, 15, 9, 26]), row(&[0, 1, 2, 3, 2]));
        let attention = Attention::SharedTokens { rows: &rows, attention_mask: None };
        let hidden = rows.expand_to_rows(&model.hidden(&ids, Some(&positions), &attention, None).unwrap()).unwrap();
        let found = model.logits(&hidden).unwrap();
        assert_near(&found.get(0), &formula::logits(&toy, &model, &[3, 14, 15, 9]), 1e-6, name);
        assert_near(&found.get(1).narrow(0, 0, 3), &formula::logits(&toy, &model, &[3, 14, 26]), 1e-6, name);
    }
}

#[test]
fn gradient_checkpointing_gives_the_same_gradients() {
    let gradients = |toy: &Toy, on: bool| {
        let mut model = model(toy, Kind::Float);
        model.parameters().set_requires_grad(true);
        model.set_gradient_checkpointing(on).unwrap();
        logits(&model).square().sum(Kind::Float).backward();
        model.parameters().iter().map(|(_, weight)| weight.grad()).collect::<Vec<_>>()
    };
    for (name, toy) in families() {
        for (found, expected) in gradients(&toy, true).iter().zip(gradients(&toy, false)) {
            assert!(found.equal(&expected) && expected.abs().max().double_value(&[]) > 0.0, "{name}");
        }
    }
}

#[test]
fn adapters_stand_beside_layers_without_bias_that_are_stored_the_other_way_round() {
    let options =
        || LoraConfig { r: 3, lora_alpha: 6.0, target_modules: Modules::all_linear(), ..LoraConfig::default() };
    for (name, toy) in families() {
        let adapted = LoraModel::new(model(&toy, Kind::Double), options(), 5).unwrap();
        assert_eq!(adapted.lora_config().fan_in_fan_out, Some(false));
        let layers = if toy.gated { 7 } else { 6 };
        assert_eq!(adapted.parameters().len(), 2 * 2 * layers, "{name}");
        assert_near(&logits(&adapted), &by_formula(&toy, &model(&toy, Kind::Double)), 1e-6, name);
        for (_, b) in adapted.parameters().iter().filter(|(name, _)| name.contains("lora_B")) {
            let wave = Tensor::arange(b.numel() as i64, (Kind::Double, Device::Cpu)).cos() * 0.1;
            b.shallow_clone().copy_(&wave.view_as(b));
        }
        // W + 2 B A, by hand.
        let merged = model(&toy, Kind::Double);
        for (weight_name, weight) in merged.parameters().iter() {
            let layer = weight_name.trim_end_matches(".weight");
            let matrix = |m| adapted.parameters().get(&format!("base_model.model.{layer}.lora_{m}.weight"));
            if let (Some(a), Some(b)) = (matrix("A"), matrix("B")) {
                let _ = weight.shallow_clone().g_add_(&(b.matmul(a) * 2.0));
            }
        }
        let expected = by_formula(&toy, &merged);
        assert_near(&logits(&adapted), &expected, 1e-6, name);
        assert_near(&logits(&adapted.merge_and_unload().unwrap()), &expected, 1e-6, name);
    }
    let refused =
        |options: LoraConfig| LoraModel::new(model(&llama(), Kind::Float), options, 5).unwrap_err().to_string();
    let problem = refused(LoraConfig { target_modules: vec!["c_attn".to_owned()].into(), ..LoraConfig::default() });
    assert!(problem.contains("self_attn.q_proj, self_attn.k_proj, self_attn.v_proj"), "{problem}");
    let problem = refused(LoraConfig { fan_in_fan_out: Some(true), ..options() });
    assert!(problem.contains("fan_in_fan_out"), "{problem}");
    let adapted = LoraModel::new(model(&llama(), Kind::Float), options(), 5).unwrap();
    let problem = LoraModel::new(adapted, options(), 5).unwrap_err().to_string();
    assert!(problem.contains("does not support adapters"), "{problem}");
}

/// Of each token: see [`align_models::decoder::Decoder::training_memory`].
#[test]
fn memory_follows_from_the_parts() {
    let (toy, tokens, float) = (llama(), 20, 4);
    let kept = |model: &dyn CausalLm| model.training_memory(2, 10).unwrap().activations;
    let block = 4 * 12 + 4 * 16 + 3 * 20;
    let expected = tokens * (2 * (float * block + 4 * (4 + 4)) + float * 3 * 12 + 8);
    assert_eq!(kept(&model(&toy, Kind::Float)), expected);
    // Keys and values have the input that queries have: an adapter beside one of the three keeps it.
    let adapted = |target: &str| {
        let target_modules = vec![target.to_owned()].into();
        let options = LoraConfig { r: 3, target_modules, ..LoraConfig::default() };
        kept(&LoraModel::new(model(&toy, Kind::Float), options, 5).unwrap())
    };
    // Not kept: the inputs of gate and up (12, the same), of down (20).
    assert_eq!(adapted("v_proj"), expected - tokens * float * 2 * (12 + 20 - 3));
    assert_eq!(adapted("up_proj"), expected - tokens * float * 2 * (12 + 20 - 3));
}
