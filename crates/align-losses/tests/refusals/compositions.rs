//! What `MarginLoss`, `WeightedSum`, `Penalised` and `AdaptiveBeta` refuse.

use super::common::combinations::of;
use super::common::{Drawn, own::Steep};
use super::{BELOW_ZERO, NOT_ABOVE_ZERO, assert_names};
use align_losses::{
    AdaptiveBeta, Discopop, DpoLoss, Error, ExoPair, FDivergence, Hinge, LogRatioPenalty, LossType, MarginLoss,
    PairLogps, PairLoss, Penalised, Robust, Sigmoid, SurrogateLoss, WeightedSum,
};
use tch::Tensor;

#[test]
fn margin_losses() {
    for value in NOT_ABOVE_ZERO {
        assert_names(MarginLoss::new(FDivergence::ReverseKl, Steep, value), &["beta"]);
        let loss = MarginLoss::new(FDivergence::ReverseKl, Steep, 0.1).unwrap();
        assert_names(loss.with_length_alpha(value), &["length_alpha"]);
    }
    // A surrogate or divergence that was built by hand is checked when it is used.
    let logps = Drawn::new("by hand", 0).logps();
    fn refused(surrogate: impl SurrogateLoss, logps: &PairLogps, name: &str) {
        let loss = MarginLoss::new(FDivergence::ReverseKl, surrogate, 0.1).unwrap();
        assert_names(loss.evaluate(logps), &[name]);
        assert_names(loss.evaluate_with_gradient(logps), &[name]);
    }
    refused(Sigmoid { label_smoothing: 0.5 }, &logps, "label_smoothing");
    refused(Robust { label_smoothing: -0.1 }, &logps, "label_smoothing");
    refused(ExoPair { label_smoothing: 0.0 }, &logps, "label_smoothing");
    refused(Discopop { tau: 0.0 }, &logps, "discopop_tau");
    let one = FDivergence::AlphaDivergence { coefficient: 1.0 };
    let loss = MarginLoss::new(one, Hinge, 0.1).unwrap();
    assert_names(loss.evaluate(&logps), &["alpha_divergence", "reverse_kl"]);
    assert_names(loss.evaluate_with_gradient(&logps), &["alpha_divergence", "reverse_kl"]);
}

#[test]
fn weighted_sums() {
    assert_names(WeightedSum::<DpoLoss>::new(vec![]), &["at least one loss"]);
    for weight in NOT_ABOVE_ZERO {
        let losses = vec![(of(LossType::Sigmoid, 0.1), 1.0), (of(LossType::Hinge, 0.1), weight)];
        assert_names(WeightedSum::new(losses), &["loss_weights"]);
    }
    let losses = [(LossType::Sigmoid, 0.1), (LossType::Hinge, 0.1), (LossType::Ipo, 0.25)];
    let found = WeightedSum::new(losses.map(|(loss_type, beta)| (of(loss_type, beta), 1.0)).into());
    assert!(matches!(found, Err(Error::DifferentBetas { .. })));
    assert_names(found, &["beta 0.1", "0.25"]);
}

#[test]
fn penalties() {
    for coefficient in NOT_ABOVE_ZERO {
        let found = Penalised::new(of(LossType::Sigmoid, 0.1), LogRatioPenalty::Square, coefficient);
        assert_names(found, &["log_ratio_penalty_coef"]);
    }
}

#[test]
fn adaptive_betas() {
    for value in NOT_ABOVE_ZERO {
        assert_names(AdaptiveBeta::new(value, 0.6, 0.9), &["beta"]);
    }
    for value in BELOW_ZERO {
        assert_names(AdaptiveBeta::new(0.1, value, 0.9), &["alpha"]);
    }
    for value in [-0.1, 1.0, f64::NAN] {
        assert_names(AdaptiveBeta::new(0.1, 0.6, value), &["momentum"]);
    }
    let mut adaptive = AdaptiveBeta::new(0.1, 0.6, 0.9).unwrap();
    let before = adaptive;
    for margin in [vec![], vec![f32::NAN], vec![1.0, f32::INFINITY]] {
        assert_names(adaptive.next(&Tensor::from_slice(&margin)), &["margin", "finite mean"]);
    }
    assert_names(adaptive.next(&Tensor::from_slice(&[1i64])), &["margin", "floating-point"]);
    assert_eq!(adaptive, before, "what was refused is not in the mean");
}
