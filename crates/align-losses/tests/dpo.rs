//! What `DpoLoss` accepts, refuses and returns; its values are compared with the golden set in the workspace's tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_losses::{DpoLoss, Error, FDivergence, LossType, Pair};
use tch::{Kind, Tensor};

fn pair(chosen: &[f32], rejected: &[f32]) -> Pair<Tensor> {
    Pair { chosen: Tensor::from_slice(chosen), rejected: Tensor::from_slice(rejected) }
}

fn sigmoid() -> DpoLoss {
    DpoLoss::new(LossType::Sigmoid, 0.1, 0.0, FDivergence::ReverseKl).unwrap()
}

#[test]
fn options_outside_their_range_are_refused() {
    let new = |beta, smoothing| DpoLoss::new(LossType::Sigmoid, beta, smoothing, FDivergence::ReverseKl);
    for beta in [0.0, -0.1, f64::NAN, f64::INFINITY] {
        assert!(matches!(new(beta, 0.0), Err(Error::Hyperparameter { name: "beta", .. })), "{beta}");
    }
    for smoothing in [-0.1, 0.5, 1.0, f64::NAN] {
        assert!(
            matches!(new(0.1, smoothing), Err(Error::Hyperparameter { name: "label_smoothing", .. })),
            "{smoothing}"
        );
    }
    for coefficient in [1.0, 1.0 + 1e-7, f64::NAN, f64::INFINITY] {
        assert!(FDivergence::alpha(coefficient).is_err());
        let unchecked = FDivergence::AlphaDivergence { coefficient };
        assert!(DpoLoss::new(LossType::Sigmoid, 0.1, 0.0, unchecked).is_err());
        assert!(unchecked.score(&Tensor::from_slice(&[0.0f32])).is_err());
    }
}

#[test]
fn combinations_that_a_loss_would_ignore_are_refused() {
    for loss_type in LossType::ALL {
        let new = |smoothing, divergence| DpoLoss::new(loss_type, 0.1, smoothing, divergence);
        let least = if loss_type == LossType::ExoPair { 0.1 } else { 0.0 };
        let plain = new(least, FDivergence::ReverseKl).unwrap();
        if !loss_type.takes_label_smoothing() {
            let error = new(0.1, FDivergence::ReverseKl).unwrap_err().to_string();
            assert!(error.contains("label_smoothing") && error.contains(loss_type.name()), "{error}");
        }
        for divergence in [FDivergence::ForwardKl, FDivergence::JsDivergence, FDivergence::alpha(0.5).unwrap()] {
            match new(least, divergence) {
                Ok(_) => assert!(loss_type.takes_divergence()),
                Err(error) => {
                    let error = error.to_string();
                    assert!(!loss_type.takes_divergence() && error.contains(loss_type.name()), "{error}");
                    assert!(error.contains(divergence.name()), "{error}");
                }
            }
        }
        if loss_type != LossType::Discopop {
            let error = plain.with_discopop_tau(0.1).unwrap_err().to_string();
            assert!(error.contains("discopop_tau") && error.contains(loss_type.name()), "{error}");
        }
    }
    let none = DpoLoss::new(LossType::ExoPair, 0.1, 0.0, FDivergence::ReverseKl).unwrap_err().to_string();
    assert!(none.contains("label_smoothing") && none.contains("exo_pair"), "{none}");
}

#[test]
fn tensors_that_do_not_fit_are_named() {
    let fails = |policy: &Pair<Tensor>, reference: &Pair<Tensor>, tokens: Option<&Pair<Tensor>>| {
        sigmoid().evaluate(policy, reference, tokens).unwrap_err().to_string()
    };
    let two = pair(&[-1.0, -2.0], &[-3.0, -4.0]);
    let short = pair(&[-1.0, -2.0], &[-3.0]);
    let double = two.as_ref().map(|x| x.to_kind(Kind::Double));
    let whole = two.as_ref().map(|x| x.to_kind(Kind::Int64));
    let empty = pair(&[], &[]);
    assert!(fails(&short, &two, None).starts_with("policy.rejected: expected shape [2]"));
    assert!(fails(&two, &short, None).starts_with("reference.rejected: expected shape [2]"));
    assert!(fails(&two, &double, None).starts_with("reference.chosen: expected Float"));
    assert!(fails(&whole, &whole, None).starts_with("policy.chosen: expected a floating-point dtype"));
    assert!(fails(&two, &two, Some(&short)).starts_with("tokens.rejected: expected shape [2]"));
    let flags = two.as_ref().map(|x| x.to_kind(Kind::Bool));
    assert!(fails(&two, &two, Some(&flags)).starts_with("tokens.chosen: expected an integer"));
    assert!(fails(&empty, &empty, None).contains("at least one pair"));
    let matrix = two.as_ref().map(|x| x.view([2, 1]));
    assert!(fails(&matrix, &matrix, None).starts_with("policy.chosen: expected shape (batch,)"));
    let ipo = DpoLoss::new(LossType::Ipo, 0.1, 0.0, FDivergence::ReverseKl).unwrap();
    let error = ipo.evaluate(&two, &two, None).unwrap_err();
    assert!(matches!(error, Error::MissingTokens(LossType::Ipo)) && error.to_string().contains("ipo_sum"));
}

/// Rewards follow the log-ratios whatever the divergence, and carry no graph.
#[test]
fn rewards_are_beta_times_the_log_ratio() {
    let policy = pair(&[-10.0, -20.0], &[-12.0, -18.0]).map(|x| x.set_requires_grad(true));
    let reference = pair(&[-11.0, -19.0], &[-12.5, -18.0]);
    for divergence in [FDivergence::ReverseKl, FDivergence::ForwardKl, FDivergence::alpha(0.5).unwrap()] {
        let loss = DpoLoss::new(LossType::Sigmoid, 0.5, 0.0, divergence).unwrap();
        let found = loss.evaluate(&policy, &reference, None).unwrap();
        assert_eq!(found.rewards.chosen, Tensor::from_slice(&[0.5f32, -0.5]));
        assert_eq!(found.rewards.rejected, Tensor::from_slice(&[0.25f32, 0.0]));
        assert!(!found.rewards.chosen.requires_grad() && found.losses.requires_grad());
        assert_eq!(found.margins(), Tensor::from_slice(&[0.25f32, -0.5]));
        assert_eq!(found.accuracies(), Tensor::from_slice(&[1.0f32, 0.0]));
    }
}

/// The closed form of the sigmoid loss's derivative: -β σ(-β margin) / batch, and its negative.
#[test]
fn the_gradient_is_that_of_the_mean_loss() {
    let policy = pair(&[-10.0, -20.0], &[-12.0, -18.0]);
    let reference = pair(&[-11.0, -19.0], &[-12.5, -18.0]);
    let (found, gradient) = tch::no_grad(|| sigmoid().evaluate_with_gradient(&policy, &reference, None)).unwrap();
    for (i, margin) in [0.5f64, -1.0].into_iter().enumerate() {
        let expected = -0.1 / (1.0 + (0.1 * margin).exp()) / 2.0;
        assert!((gradient.chosen.double_value(&[i as i64]) - expected).abs() < 1e-8);
        assert!((gradient.rejected.double_value(&[i as i64]) + expected).abs() < 1e-8);
    }
    assert!(!found.losses.requires_grad());
    assert!(!policy.chosen.requires_grad(), "the caller's tensors are left as they were");
}

#[test]
fn half_precision_is_computed_in_float32() {
    let policy = pair(&[-10.0, -20.0], &[-12.0, -18.0]).map(|x| x.to_kind(Kind::BFloat16));
    let reference = pair(&[-11.0, -19.0], &[-12.5, -18.0]).map(|x| x.to_kind(Kind::BFloat16));
    let (found, gradient) = sigmoid().evaluate_with_gradient(&policy, &reference, None).unwrap();
    assert_eq!(found.losses.kind(), Kind::Float);
    assert_eq!(gradient.chosen.kind(), Kind::BFloat16);
    let wide = |x: &Pair<Tensor>| x.as_ref().map(|x| x.to_kind(Kind::Float));
    assert_eq!(found.losses, sigmoid().evaluate(&wide(&policy), &wide(&reference), None).unwrap().losses);
}

#[test]
fn swapping_the_sides_mirrors_label_smoothing() {
    let (policy, reference) = (pair(&[-10.0], &[-12.0]), pair(&[-11.0], &[-12.5]));
    let swap = |x: &Pair<Tensor>| Pair { chosen: x.rejected.shallow_clone(), rejected: x.chosen.shallow_clone() };
    let at = |loss: &DpoLoss, p: &Pair<Tensor>, r: &Pair<Tensor>| {
        loss.evaluate(p, r, None).unwrap().losses.double_value(&[0])
    };
    let smooth = DpoLoss::new(LossType::Sigmoid, 0.1, 0.2, FDivergence::ReverseKl).unwrap();
    let (straight, swapped) = (at(&sigmoid(), &policy, &reference), at(&sigmoid(), &swap(&policy), &swap(&reference)));
    assert!((at(&smooth, &policy, &reference) - (0.8 * straight + 0.2 * swapped)).abs() < 1e-6);
}
