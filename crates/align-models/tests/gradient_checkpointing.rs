//! Gradient checkpointing gives bit-identical gradients, also with dropout, and needs less memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_models::{
    Attention, CausalLm, DistilBert, DistilBertConfig, Gpt2, Gpt2Config, LoraConfig, LoraModel, SequenceClassifier,
    SharedTokenRows, TrainableModel,
};
use tch::{Device, Kind, Tensor};

const VOCAB: i64 = 97;

fn gpt2_config(n_layer: i64, dropout: f64) -> Gpt2Config {
    Gpt2Config {
        vocab_size: VOCAB,
        n_positions: 40,
        n_embd: 24,
        n_layer,
        n_head: 3,
        resid_pdrop: dropout,
        embd_pdrop: dropout,
        attn_pdrop: dropout,
        bos_token_id: None,
        eos_token_id: Some(vec![7]),
        ..Gpt2Config::default()
    }
}

fn gpt2(kind: Kind, dropout: f64) -> Gpt2 {
    Gpt2::new_random(gpt2_config(3, dropout), 5, kind, Device::Cpu).unwrap()
}

/// An adapter with non-zero `B` for the second block or for all blocks.
fn lora(kind: Kind, target: &str, dropout: f64) -> LoraModel {
    let target_modules = vec![target.to_owned()];
    let config =
        LoraConfig { r: 4, target_modules: target_modules.into(), lora_dropout: dropout, ..LoraConfig::default() };
    let model = LoraModel::new(gpt2(kind, dropout), config, 7).unwrap();
    for (_, matrix) in TrainableModel::parameters(&model).iter().filter(|(name, _)| name.contains("lora_B")) {
        matrix
            .shallow_clone()
            .copy_(&(Tensor::arange(matrix.numel() as i64, (Kind::Float, Device::Cpu)).view_as(matrix).sin() * 0.1));
    }
    model
}

fn distilbert(dropout: f64) -> DistilBert {
    let config = DistilBertConfig {
        vocab_size: VOCAB,
        max_position_embeddings: 40,
        dim: 24,
        n_layers: 3,
        n_heads: 3,
        hidden_dim: 48,
        num_labels: Some(3),
        dropout,
        attention_dropout: dropout,
        ..DistilBertConfig::default()
    };
    DistilBert::new_random(config, 5, Kind::Float, Device::Cpu).unwrap()
}

fn ids(rows: i64, length: i64) -> Tensor {
    let numbers = Tensor::arange(rows * length, (Kind::Int64, Device::Cpu));
    (&numbers * &numbers * 7 + &numbers * 13).remainder(VOCAB).view([rows, length])
}

/// A mask of rows with increasing lengths.
fn mask(rows: i64, length: i64) -> Tensor {
    let row = Tensor::arange(rows, (Kind::Int64, Device::Cpu)).view([rows, 1]);
    Tensor::arange(length, (Kind::Int64, Device::Cpu)).le_tensor(&(row * length / rows + 1)).to_kind(Kind::Int64)
}

/// Runs forward and backward: returns the outputs, the gradient of each weight, and the next random numbers.
fn back<M: TrainableModel>(
    model: &mut M,
    on: bool,
    dropout: f64,
    pass: impl Fn(&M) -> Tensor,
) -> (Tensor, Vec<(String, Tensor)>, Tensor) {
    model.set_gradient_checkpointing(on).unwrap();
    model.set_training(dropout > 0.0);
    model.parameters().set_requires_grad(true);
    model.parameters().iter().for_each(|(_, weight)| weight.shallow_clone().zero_grad());
    tch::manual_seed(11);
    let outputs = pass(model);
    let weights = Tensor::arange(outputs.numel() as i64, (Kind::Float, Device::Cpu)).view_as(&outputs).sin();
    (&outputs * weights.to_kind(outputs.kind())).sum(Kind::Float).backward();
    let gradients = model.parameters().iter().filter(|(_, weight)| weight.grad().defined());
    let gradients = gradients.map(|(name, weight)| (name.to_owned(), weight.grad().copy())).collect();
    let drawn = if dropout > 0.0 { Tensor::rand([3], (Kind::Float, Device::Cpu)) } else { Tensor::from(0) };
    (outputs.detach(), gradients, drawn)
}

fn assert_same<M: TrainableModel>(what: &str, mut model: M, dropout: f64, pass: impl Fn(&M) -> Tensor) {
    let plain = back(&mut model, false, dropout, &pass);
    let found = back(&mut model, true, dropout, &pass);
    assert!(plain.0.equal(&found.0), "{what}: outputs");
    assert!(plain.2.equal(&found.2), "{what}: what is drawn next");
    assert_eq!(plain.1.len(), found.1.len(), "{what}");
    let moved = plain.1.iter().filter(|(_, gradient)| gradient.abs().max().double_value(&[]) > 0.0);
    assert!(moved.count() * 2 > model.parameters().len(), "{what}: gradients of zero");
    for ((name, plain), (_, found)) in plain.1.iter().zip(&found.1) {
        assert!(plain.equal(found), "{what}: {name} by {}", (plain - found).abs().max());
    }
}

fn causal<M: CausalLm>(rows: i64, length: i64) -> impl Fn(&M) -> Tensor {
    move |model| model.hidden(&ids(rows, length), None, &Attention::Causal, None).unwrap()
}

fn padded<M: CausalLm>(rows: i64, length: i64) -> impl Fn(&M) -> Tensor {
    move |model| model.hidden(&ids(rows, length), None, &Attention::Padded(&mask(rows, length)), None).unwrap()
}

/// Two rows that share their first three tokens.
fn shared<M: CausalLm>(model: &M) -> Tensor {
    let rows = SharedTokenRows::new(&[vec![0, 1, 2, 3, 4], vec![0, 1, 2, 5]], Device::Cpu).unwrap();
    let positions = Tensor::from_slice(&[0i64, 1, 2, 3, 4, 3]).unsqueeze(0);
    let attention = Attention::SharedTokens { rows: &rows, attention_mask: None };
    model.hidden(&ids(1, 6), Some(&positions), &attention, None).unwrap()
}

/// A single test, because dropout uses the process-wide generator.
#[test]
fn outputs_gradients_and_random_numbers_equal_those_without_checkpointing() {
    for dropout in [0.0, 0.3] {
        for kind in [Kind::Float, Kind::BFloat16] {
            let what = format!("shared rows, {kind:?}, dropout {dropout}");
            assert_same(&what, gpt2(kind, dropout), dropout, shared);
            for (rows, length) in [(1, 1), (1, 40), (3, 17), (8, 5)] {
                let what = format!("{kind:?}, {rows} rows of {length}, dropout {dropout}");
                assert_same(&format!("gpt2, {what}"), gpt2(kind, dropout), dropout, causal(rows, length));
                assert_same(&format!("gpt2 padded, {what}"), gpt2(kind, dropout), dropout, padded(rows, length));
                for target in ["all-linear", "h.1.mlp.c_fc"] {
                    let model = lora(kind, target, dropout);
                    assert_same(&format!("lora {target}, {what}"), model, dropout, causal(rows, length));
                }
            }
        }
        for (rows, length) in [(1, 2), (5, 33)] {
            let what = format!("distilbert, {rows} rows of {length}, dropout {dropout}");
            assert_same(&what, distilbert(dropout), dropout, |model| model.logits(&ids(rows, length), None).unwrap());
            let logits = |model: &DistilBert| model.logits(&ids(rows, length), Some(&mask(rows, length))).unwrap();
            assert_same(&format!("{what}, padded"), distilbert(dropout), dropout, logits);
        }
    }
}

/// Whether the backward pass succeeds after every weight has changed, which fails if the graph has saved them.
fn goes_back_after_a_change<M: TrainableModel>(mut model: M, on: bool, pass: impl Fn(&M) -> Tensor) -> bool {
    model.set_gradient_checkpointing(on).unwrap();
    model.parameters().set_requires_grad(true);
    let outputs = pass(&model);
    let in_blocks = |name: &str| name.contains(".h.") || name.contains(".layer.");
    for (_, weight) in model.parameters().iter().filter(|(name, _)| in_blocks(name)) {
        tch::no_grad(|| drop(weight.shallow_clone().g_add_scalar_(0.1)));
    }
    outputs.sum(Kind::Float).f_backward().is_ok()
}

#[test]
fn blocks_are_recomputed_and_save_no_activations() {
    for on in [false, true] {
        assert_eq!(goes_back_after_a_change(gpt2(Kind::Float, 0.0), on, causal(3, 17)), on);
        assert_eq!(goes_back_after_a_change(lora(Kind::Float, "all-linear", 0.0), on, causal(3, 17)), on);
        let logits = |model: &DistilBert| model.logits(&ids(3, 17), None).unwrap();
        assert_eq!(goes_back_after_a_change(distilbert(0.0), on, logits), on);
    }
}

#[test]
fn checkpointing_does_not_affect_passes_with_a_cache() {
    let mut model = gpt2(Kind::Float, 0.0);
    TrainableModel::set_gradient_checkpointing(&mut model, true).unwrap();
    TrainableModel::parameters(&model).set_requires_grad(true);
    let whole = model.hidden(&ids(2, 9), None, &Attention::Causal, None).unwrap();
    let mut cache = model.new_cache(2, 9);
    let _ = model.hidden(&ids(2, 9).narrow(1, 0, 6), None, &Attention::Causal, Some(&mut cache)).unwrap();
    let last = model.hidden(&ids(2, 9).narrow(1, 6, 3), None, &Attention::Causal, Some(&mut cache)).unwrap();
    assert_eq!(cache.len(), 9);
    assert!((whole.narrow(1, 6, 3) - last).abs().max().double_value(&[]) < 1e-5);
}

#[test]
fn memory_is_that_of_one_block_and_the_inputs_of_the_others() {
    let (d, heads, float, tokens) = (24, 3, 4, 3 * 10);
    let kept = |model: &mut dyn CausalLm, on: bool| {
        model.set_gradient_checkpointing(on).unwrap();
        i64::try_from(model.training_memory(3, 10).unwrap().activations).unwrap()
    };
    // A block saves 16 d values per token, attention one per head, and the norms four.
    let (input, block) = (float * d, float * (16 * d + heads + 4));
    let saved_by = |model: &mut dyn CausalLm| kept(model, false) - kept(model, true);
    assert_eq!(saved_by(&mut gpt2(Kind::Float, 0.0)), tokens * (2 * block - 3 * input));
    // With an adapter for c_attn the inputs of c_fc and of the following layer, d and 4 d wide, are not saved; the rank is 4.
    let adapted = block + float * (4 - 5 * d);
    assert_eq!(saved_by(&mut lora(Kind::Float, "c_attn", 0.0)), tokens * (2 * adapted - 3 * input));
    // Only the middle block has the adapter: the others save less, so this one counts.
    let bare = block - float * 6 * d;
    let found = saved_by(&mut lora(Kind::Float, "h.1.attn.c_attn", 0.0));
    assert_eq!(found, tokens * (2 * bare - 3 * input));
}
