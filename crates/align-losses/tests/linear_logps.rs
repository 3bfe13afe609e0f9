//! `LinearLogps` against LibTorch's own log-softmax and autograd.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_losses::{Error, LinearHead, LinearLogps, LinearLogpsOptions, linear_logps};
use tch::{Device, Kind, Tensor};

const ROWS: i64 = 23;
const WIDTH: i64 = 7;
const VOCAB: i64 = 41;

/// Numbers without a pattern that a wrong index could repeat.
fn numbers(size: [i64; 2], seed: f64) -> Tensor {
    let count = Tensor::arange(size[0] * size[1], (Kind::Double, Device::Cpu));
    ((count + seed) * 12.9898).sin().view(size) * 3.0
}

struct Case {
    hidden: Tensor,
    weight: Tensor,
    targets: Tensor,
    gradient: Tensor,
}

fn case(kind: Kind) -> Case {
    let targets = Tensor::arange(ROWS, (Kind::Int64, Device::Cpu)) * 17;
    let gradient = numbers([ROWS, 1], 0.7).view([-1]);
    Case {
        hidden: numbers([ROWS, WIDTH], 0.1).to_kind(kind),
        weight: numbers([VOCAB, WIDTH], 0.3).to_kind(kind),
        targets: targets.remainder(VOCAB),
        gradient: if kind == Kind::Double { gradient } else { gradient.to_kind(Kind::Float) },
    }
}

/// Log-probabilities, and the derivatives of `Σ gradient · logps` by hidden and weight, by autograd in float64.
fn expected(case: &Case) -> (Tensor, Tensor, Tensor) {
    let hidden = case.hidden.to_kind(Kind::Double).copy().set_requires_grad(true);
    let weight = case.weight.to_kind(Kind::Double).copy().set_requires_grad(true);
    let logits = hidden.matmul(&weight.tr());
    let logps = logits.log_softmax(-1, Kind::Double).gather(-1, &case.targets.unsqueeze(-1), false).squeeze_dim(-1);
    (&logps * &case.gradient).sum(Kind::Double).backward();
    (logps.detach(), hidden.grad(), weight.grad())
}

fn options() -> [LinearLogpsOptions; 4] {
    let base = LinearLogpsOptions { chunk_rows: 5, keep_logits_bytes: 0, statistics: true, log_sum_sq_probs: true };
    let plain = LinearLogpsOptions { statistics: false, log_sum_sq_probs: false, ..base };
    [
        base,
        plain,
        LinearLogpsOptions { keep_logits_bytes: 1 << 20, log_sum_sq_probs: false, ..base },
        LinearLogpsOptions { chunk_rows: 256, keep_logits_bytes: 1 << 20, ..plain },
    ]
}

fn worst(found: &Tensor, expected: &Tensor) -> f64 {
    assert_eq!(found.size(), expected.size());
    (found.to_kind(Kind::Double) - expected).abs().max().double_value(&[])
}

fn compare(case: &Case, tolerance: f64) {
    let (logps, by_hidden, by_weight) = expected(case);
    for options in options() {
        let (linear, _) = LinearLogps::forward(&case.hidden, &case.weight, &case.targets, &options).unwrap();
        assert!(worst(linear.logps(), &logps) < tolerance, "logps with {options:?}");
        let before = numbers([VOCAB, WIDTH], 0.9).to_kind(case.weight.kind());
        let mut weight_gradient = before.copy();
        let gradient = linear.backward(&case.gradient, &mut weight_gradient).unwrap();
        assert_eq!(gradient.hidden.kind(), case.hidden.kind());
        assert!(worst(&gradient.hidden, &by_hidden) < 10.0 * tolerance, "hidden with {options:?}");
        let added = worst(&(weight_gradient - before), &by_weight);
        assert!(added < 10.0 * tolerance, "weight with {options:?}: {added}");
    }
}

#[test]
fn float64_is_autograd_of_log_softmax() {
    compare(&case(Kind::Double), 1e-11);
}

#[test]
fn float32_is_autograd_of_log_softmax() {
    compare(&case(Kind::Float), 2e-5);
}

#[test]
fn skipping_rows_without_gradient_does_not_change_the_result() {
    let mut case = case(Kind::Double);
    let keep = Tensor::arange(ROWS, (Kind::Int64, Device::Cpu)).remainder(3).ne(0);
    case.gradient *= keep.to_kind(Kind::Double);
    compare(&case, 1e-11);
    case.gradient = case.gradient.zeros_like();
    compare(&case, 1e-11);
}

/// bfloat16 products round logits to 8 bits, and nothing else: log-probabilities are those of the rounded logits.
#[test]
fn bfloat16_is_computed_in_float32() {
    let case = case(Kind::BFloat16);
    let rounded = case.hidden.matmul(&case.weight.tr()).to_kind(Kind::Double);
    let logps = rounded.log_softmax(-1, Kind::Double).gather(-1, &case.targets.unsqueeze(-1), false).squeeze_dim(-1);
    let (exact, by_hidden, by_weight) = expected(&case);
    for options in options() {
        let (linear, _) = LinearLogps::forward(&case.hidden, &case.weight, &case.targets, &options).unwrap();
        assert_eq!(linear.logps().kind(), Kind::Float);
        assert!(worst(linear.logps(), &logps) < 1e-4);
        assert!(worst(linear.logps(), &exact) < 0.5);
        let mut weight_gradient = Tensor::zeros([VOCAB, WIDTH], (Kind::Float, Device::Cpu));
        let gradient = linear.backward(&case.gradient, &mut weight_gradient).unwrap();
        assert_eq!(gradient.hidden.kind(), Kind::BFloat16);
        let relative = |found: &Tensor, expected: &Tensor| {
            f64::try_from((found.to_kind(Kind::Double) - expected).norm() / expected.norm()).unwrap()
        };
        assert!(relative(&gradient.hidden, &by_hidden) < 0.03);
        assert!(relative(&weight_gradient, &by_weight) < 0.03);
    }
}

#[test]
fn statistics_are_those_of_the_softmax() {
    let case = case(Kind::Double);
    let logits = case.hidden.matmul(&case.weight.tr());
    let logps = logits.log_softmax(-1, Kind::Double);
    let entropy = -(logps.exp() * &logps).sum_dim_intlist(-1, false, Kind::Double);
    let correct = logits.argmax(-1, false).eq_tensor(&case.targets).to_kind(Kind::Double);
    let mean = logits.mean_dim(-1, false, Kind::Double);
    let squares = logps.exp().square().sum_dim_intlist(-1, false, Kind::Double).log();
    // With the real argmax as some targets, or nearly none would be correct.
    assert!(f64::try_from(correct.sum(Kind::Double)).unwrap() < ROWS as f64);
    for options in options().into_iter().filter(|o| o.statistics) {
        let (_, found) = LinearLogps::forward(&case.hidden, &case.weight, &case.targets, &options).unwrap();
        let found = found.unwrap();
        assert!(worst(&found.entropy, &entropy) < 1e-11);
        assert!(worst(&found.mean_logit, &mean) < 1e-11);
        assert_eq!(found.correct, correct);
        assert_eq!(found.log_sum_sq_probs.is_some(), options.log_sum_sq_probs);
        if let Some(found) = found.log_sum_sq_probs {
            assert!(worst(&found, &squares) < 1e-11);
        }
        let best = logits.argmax(-1, false);
        let (_, found) = LinearLogps::forward(&case.hidden, &case.weight, &best, &options).unwrap();
        assert_eq!(found.unwrap().correct, Tensor::ones([ROWS], (Kind::Double, Device::Cpu)));
    }
}

#[test]
fn a_frozen_projection_gets_no_gradient() {
    let case = case(Kind::Double);
    let (_, by_hidden, _) = expected(&case);
    let (linear, _) = LinearLogps::forward(&case.hidden, &case.weight, &case.targets, &options()[0]).unwrap();
    assert!(worst(&linear.backward_hidden(&case.gradient).unwrap().hidden, &by_hidden) < 1e-10);
}

#[test]
fn empty_input_gives_empty_output() {
    let case = case(Kind::Float);
    let empty = case.hidden.narrow(0, 0, 0);
    let targets = case.targets.narrow(0, 0, 0);
    let with_statistics = LinearLogpsOptions { statistics: true, ..Default::default() };
    let (linear, statistics) = LinearLogps::forward(&empty, &case.weight, &targets, &with_statistics).unwrap();
    assert_eq!(linear.logps().size(), [0]);
    assert_eq!(statistics.unwrap().entropy.size(), [0]);
    let mut by_weight = case.weight.zeros_like();
    let gradient = linear.backward(&Tensor::zeros([0], (Kind::Float, Device::Cpu)), &mut by_weight).unwrap();
    assert_eq!(gradient.hidden.size(), [0, WIDTH]);
}

#[test]
fn mismatched_tensors_are_named_in_the_error() {
    let case = case(Kind::Float);
    let fails = |hidden: &Tensor, weight: &Tensor, targets: &Tensor| {
        linear_logps(hidden, weight, targets).unwrap_err().to_string()
    };
    let (hidden, weight, targets) = (&case.hidden, &case.weight, &case.targets);
    assert!(fails(hidden, &weight.narrow(1, 0, 3), targets).starts_with("weight: expected shape [41, 7]"));
    assert!(fails(hidden, &weight.to_kind(Kind::Double), targets).starts_with("weight: expected Float"));
    assert!(fails(hidden, weight, &targets.narrow(0, 0, 3)).starts_with("targets: expected shape [23]"));
    assert!(fails(hidden, weight, &targets.to_kind(Kind::Float)).starts_with("targets: expected Int64"));
    assert!(fails(hidden, weight, &(targets - 1)).contains("from 0 to 40, found -1"));
    assert!(fails(hidden, weight, &(targets + 1)).contains("from 0 to 40, found 41"));
    assert!(fails(&targets.view([23, 1]), weight, targets).starts_with("hidden: expected a floating-point dtype"));
    let forward = || LinearLogps::forward(hidden, weight, targets, &LinearLogpsOptions::default()).unwrap().0;
    let wrong = forward().backward(&case.gradient, &mut weight.tr());
    assert!(matches!(wrong, Err(Error::Shape { argument: "weight_gradient", .. })));
    let undefined = forward().backward(&case.gradient, &mut Tensor::new());
    assert!(matches!(undefined, Err(Error::Shape { argument: "weight_gradient", .. })));
    let wrong = forward().backward_hidden(&case.gradient.narrow(0, 0, 2));
    assert!(matches!(wrong, Err(Error::Shape { argument: "gradient", .. })));
    let none = LinearLogpsOptions { chunk_rows: 0, ..Default::default() };
    assert!(LinearLogps::forward(hidden, weight, targets, &none).is_err());
}

/// Values and gradients of logits `cap · tanh(x / cap)`, by autograd in float64.
#[test]
fn capped_logits_have_the_gradients_of_their_formula() {
    let case = case(Kind::Double);
    let softcap = Some(4.0);
    let [hidden, weight] = [&case.hidden, &case.weight].map(|x| x.copy().set_requires_grad(true));
    for options in options() {
        // Rows with a gradient of 0 are skipped.
        for gradient in [case.gradient.copy(), &case.gradient * case.targets.remainder(3).not_equal(0)] {
            let _ = [&hidden, &weight].map(|x| x.shallow_clone().zero_grad());
            let logits = (hidden.matmul(&weight.tr()) / 4.0).tanh() * 4.0;
            let logps =
                logits.log_softmax(-1, Kind::Double).gather(-1, &case.targets.unsqueeze(-1), false).squeeze_dim(-1);
            (&logps * &gradient).sum(Kind::Double).backward();
            let head = LinearHead { weight: &case.weight, softcap };
            let (linear, statistics) = LinearLogps::forward(&case.hidden, head, &case.targets, &options).unwrap();
            assert!(worst(linear.logps(), &logps) < 1e-9);
            if let Some(statistics) = statistics {
                assert!(worst(&statistics.mean_logit, &logits.mean_dim(-1, false, Kind::Double)) < 1e-9);
            }
            let mut weight_gradient = case.weight.zeros_like();
            let found = linear.backward(&gradient, &mut weight_gradient).unwrap();
            assert!(worst(&found.hidden, &hidden.grad()) < 1e-9 && worst(&weight_gradient, &weight.grad()) < 1e-9);
        }
    }
    let head = LinearHead { weight: &case.weight, softcap: Some(0.0) };
    let refused = linear_logps(&case.hidden, head, &case.targets).unwrap_err();
    assert!(matches!(refused, Error::Hyperparameter { name: "softcap", .. }), "{refused}");
}
