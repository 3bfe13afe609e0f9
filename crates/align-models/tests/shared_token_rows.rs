//! Rows that share tokens: outputs and gradients equal those of separate rows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_models::{Attention, CausalLm, Gpt2, LoraConfig, LoraModel, SharedTokenRows, TrainableModel};
use std::path::PathBuf;
use tch::{Device, Kind, Tensor};

/// Three shared tokens, then a branch of three tokens that splits again after the first, and a branch of one token.
const ROWS: [&[i64]; 3] = [&[0, 1, 2, 3, 4, 5], &[0, 1, 2, 6], &[0, 1, 2, 3, 7]];
const LEN: i64 = 6;
const IDS: [i64; 8] = [17, 250, 3, 99, 400, 8, 311, 42];
const POSITIONS: [i64; 8] = [0, 1, 2, 3, 4, 5, 3, 4];

fn gpt2() -> Gpt2 {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/data/models/gpt2-tiny");
    let model = Gpt2::from_pretrained(&dir, Kind::Float, Device::Cpu).unwrap();
    model.parameters().set_requires_grad(true);
    model
}

fn token_rows() -> SharedTokenRows {
    SharedTokenRows::new(&ROWS.map(<[i64]>::to_vec), Device::Cpu).unwrap()
}

fn one_row(numbers: &[i64]) -> Tensor {
    Tensor::from_slice(numbers).unsqueeze(0)
}

/// 1 at the positions of tokens in the rows, `(rows, LEN)`.
fn mask() -> Tensor {
    let real = |row: &[i64]| (0..LEN).map(|place| i64::from((place as usize) < row.len())).collect::<Vec<_>>();
    Tensor::from_slice(&ROWS.map(real).concat()).view([3, LEN])
}

/// Hidden states at all positions of the rows, `(rows, LEN, hidden_size)`, from a forward pass over shared tokens.
fn shared(model: &impl CausalLm, attention_mask: Option<&Tensor>) -> Tensor {
    let rows = token_rows();
    let attention = Attention::SharedTokens { rows: &rows, attention_mask };
    let hidden = model.hidden(&one_row(&IDS), Some(&one_row(&POSITIONS)), &attention, None).unwrap();
    assert_eq!(hidden.size()[..2], [1, 8]);
    rows.expand_to_rows(&hidden).unwrap()
}

/// The same from a forward pass over the padded rows.
fn padded(model: &impl CausalLm) -> Tensor {
    let ids = token_rows().expand_to_rows(&one_row(&IDS).unsqueeze(-1)).unwrap().squeeze_dim(-1);
    model.hidden(&ids, None, &Attention::Causal, None).unwrap()
}

/// The gradients of a weighted sum over all positions that are not padding.
fn gradients(model: &impl CausalLm, hidden: &Tensor) -> Vec<Tensor> {
    model.parameters().iter().for_each(|(_, weight)| weight.shallow_clone().zero_grad());
    let factor = Tensor::arange(hidden.numel() as i64, (Kind::Float, Device::Cpu)).view_as(hidden).sin();
    (hidden * factor * mask().unsqueeze(-1)).sum(Kind::Float).backward();
    model.parameters().iter().map(|(_, weight)| weight.grad().copy()).collect()
}

fn assert_near(found: &Tensor, expected: &Tensor) {
    let (apart, size) = ((found - expected).abs().max().double_value(&[]), expected.abs().max().double_value(&[]));
    assert!(apart <= 1e-5 * size.max(1.0), "{apart} of {size}");
}

fn assert_same(model: &mut impl CausalLm) {
    let expected = padded(model);
    let by_weights = gradients(model, &expected);
    for (checkpointing, attention_mask) in [(false, None), (false, Some(mask())), (true, None), (true, Some(mask()))] {
        TrainableModel::set_gradient_checkpointing(model, checkpointing).unwrap();
        let found = shared(model, attention_mask.as_ref());
        let real = mask().unsqueeze(-1);
        assert_near(&(&found * &real), &(&expected * &real));
        for (found, expected) in gradients(model, &found).iter().zip(&by_weights) {
            assert_near(found, expected);
        }
    }
}

#[test]
fn outputs_and_gradients_equal_those_of_separate_rows() {
    assert_same(&mut gpt2());
    let config = LoraConfig { r: 4, ..LoraConfig::default() };
    let mut adapted = LoraModel::new(gpt2(), config, 1).unwrap();
    for (_, weight) in adapted.parameters().iter() {
        let _ = tch::no_grad(|| weight.shallow_clone().fill_(0.02));
        let _ = weight.set_requires_grad(true);
    }
    assert!(adapted.supports_shared_tokens());
    assert_same(&mut adapted);
}

#[test]
fn rows_that_do_not_match_the_input_are_rejected() {
    let (model, rows) = (gpt2(), token_rows());
    let refused = |ids: &Tensor, attention_mask: Option<&Tensor>, part: &str| {
        let attention = Attention::SharedTokens { rows: &rows, attention_mask };
        let problem = model.hidden(ids, Some(&ids.zeros_like()), &attention, None).unwrap_err().to_string();
        assert!(problem.contains(part), "{problem}");
    };
    refused(&one_row(&IDS[1..]), None, "[1, 8]");
    refused(&one_row(&IDS).view([2, 4]), None, "[1, 8]");
    refused(&one_row(&IDS), Some(&mask().narrow(0, 0, 2)), "[3, 6]");
    let attention = Attention::SharedTokens { rows: &rows, attention_mask: None };
    let mut cache = model.new_cache(1, 16);
    let _ = model.hidden(&one_row(&[1]), None, &Attention::Causal, Some(&mut cache)).unwrap();
    let problem = model.hidden(&one_row(&IDS), None, &attention, Some(&mut cache)).unwrap_err().to_string();
    assert!(problem.contains("without a cache"), "{problem}");
}
