//! Log-probabilities from logits against plain float64 loops.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_losses::{Error, sequence_logps, shift_labels, shift_logits, token_logps};
use tch::{Device, Kind, Tensor};

const BATCH: usize = 3;
const SEQ: usize = 5;
const VOCAB: usize = 11;

fn logit(b: usize, t: usize, v: usize) -> f64 {
    ((b * 131 + t * 17 + v * 7) as f64 * 0.77).sin() * 9.0 - 100.0
}

fn logits() -> Tensor {
    let flat: Vec<f64> =
        (0..BATCH * SEQ * VOCAB).map(|i| logit(i / (SEQ * VOCAB), i / VOCAB % SEQ, i % VOCAB)).collect();
    Tensor::from_slice(&flat).view([BATCH as i64, SEQ as i64, VOCAB as i64])
}

fn label(b: usize, t: usize) -> usize {
    (b * 5 + t * 3) % VOCAB
}

fn labels() -> Tensor {
    let flat: Vec<i64> = (0..BATCH * SEQ).map(|i| label(i / SEQ, i % SEQ) as i64).collect();
    Tensor::from_slice(&flat).view([BATCH as i64, SEQ as i64])
}

/// log softmax by its definition; 100 added first, so that the exponentials do not vanish.
fn expected(b: usize, t: usize) -> f64 {
    let total: f64 = (0..VOCAB).map(|v| (logit(b, t, v) + 100.0).exp()).sum();
    ((logit(b, t, label(b, t)) + 100.0).exp() / total).ln()
}

#[test]
fn token_logps_are_the_log_softmax_at_the_labels() {
    for (kind, tolerance) in [(Kind::Double, 1e-11), (Kind::Float, 3e-5)] {
        let found = token_logps(&logits().to_kind(kind), &labels()).unwrap();
        assert_eq!(found.kind(), kind);
        for (b, t) in (0..BATCH).flat_map(|b| (0..SEQ).map(move |t| (b, t))) {
            assert!((found.double_value(&[b as i64, t as i64]) - expected(b, t)).abs() < tolerance);
        }
    }
}

#[test]
fn bfloat16_logits_are_computed_in_float32() {
    let rounded = logits().to_kind(Kind::BFloat16);
    let found = token_logps(&rounded, &labels()).unwrap();
    let exact = token_logps(&rounded.to_kind(Kind::Double), &labels()).unwrap();
    assert_eq!(found.kind(), Kind::Float);
    assert!((found.to_kind(Kind::Double) - exact).abs().max().double_value(&[]) < 3e-5);
}

/// The derivative of a label's log-probability by its logits is onehot - softmax: it sums to 0, and is 1 - p at the label.
#[test]
fn token_logps_are_differentiable() {
    let logits = logits().set_requires_grad(true);
    token_logps(&logits, &labels()).unwrap().sum(Kind::Double).backward();
    let gradient = logits.grad();
    assert!(gradient.sum_dim_intlist(-1, false, Kind::Double).abs().max().double_value(&[]) < 1e-12);
    for (b, t) in (0..BATCH).flat_map(|b| (0..SEQ).map(move |t| (b, t))) {
        let at_label = gradient.double_value(&[b as i64, t as i64, label(b, t) as i64]);
        assert!((at_label - (1.0 - expected(b, t).exp())).abs() < 1e-12);
    }
}

#[test]
fn sequence_logps_sum_the_masked_tokens() {
    let counted = |b: usize, t: usize| t > b && t < 4;
    let mask: Vec<i64> = (0..BATCH * SEQ).map(|i| i64::from(counted(i / SEQ, i % SEQ))).collect();
    let mask = Tensor::from_slice(&mask).view([BATCH as i64, SEQ as i64]);
    let tokens = token_logps(&logits(), &labels()).unwrap();
    for mask in [mask.shallow_clone(), mask.to_kind(Kind::Bool), mask.to_kind(Kind::Float)] {
        let found = sequence_logps(&tokens, &mask).unwrap();
        for b in 0..BATCH {
            let sum: f64 = (0..SEQ).filter(|t| counted(b, *t)).map(|t| expected(b, t)).sum();
            assert!((found.double_value(&[b as i64]) - sum).abs() < 1e-10);
        }
    }
}

/// A masked position may hold anything, in value and in gradient.
#[test]
fn masked_positions_do_not_affect_the_result() {
    let tokens = Tensor::from_slice2(&[[-1.0f32, f32::NAN, f32::NEG_INFINITY]]).set_requires_grad(true);
    let sum = sequence_logps(&tokens, &Tensor::from_slice2(&[[true, false, false]])).unwrap();
    sum.sum(Kind::Float).backward();
    assert_eq!(sum.double_value(&[0]), -1.0);
    assert_eq!(tokens.grad(), Tensor::from_slice2(&[[1.0f32, 0.0, 0.0]]));
}

#[test]
fn shifting_pairs_each_position_with_the_next_token() {
    let ids = Tensor::from_slice2(&[[4i64, 5, 6], [7, 8, 9]]);
    assert_eq!(shift_logits(&ids).unwrap(), Tensor::from_slice2(&[[4i64, 5], [7, 8]]));
    assert_eq!(shift_labels(&ids).unwrap(), Tensor::from_slice2(&[[5i64, 6], [8, 9]]));
    assert_eq!(shift_logits(&logits()).unwrap().size(), [BATCH as i64, SEQ as i64 - 1, VOCAB as i64]);
    assert!(shift_logits(&Tensor::from_slice(&[1i64])).is_err());
    assert!(shift_labels(&Tensor::zeros([2, 0], (Kind::Int64, Device::Cpu))).is_err());
}

#[test]
fn mismatched_tensors_are_named_in_the_error() {
    let fails = |logits: &Tensor, labels: &Tensor| token_logps(logits, labels).unwrap_err().to_string();
    assert!(
        fails(&logits().view([-1, VOCAB as i64]), &labels()).starts_with("logits: expected shape (batch, seq, vocab)")
    );
    assert!(fails(&logits(), &labels().narrow(1, 0, 2)).starts_with("labels: expected shape [3, 5]"));
    assert!(fails(&logits(), &(labels() - 100)).contains("found -100: give masked positions"));
    let masked = sequence_logps(&labels(), &labels());
    assert!(matches!(masked, Err(Error::Kind { argument: "token_logps", .. })));
    let masked = sequence_logps(&labels().to_kind(Kind::Float), &labels().narrow(0, 0, 1));
    assert!(matches!(masked, Err(Error::Shape { argument: "mask", .. })));
}
