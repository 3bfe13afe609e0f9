//! Every loss at log-ratios as large as a float32 holds: no NaN, no infinite gradient, the limits that the formulas have.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_losses::{DpoLoss, FDivergence, LossType, Pair};
use tch::{Kind, Tensor};

const RATIOS: [f32; 13] = [0.0, 1.0, -1.0, 79.0, -79.0, 200.0, -200.0, 1e4, -1e4, 1e15, -1e15, 1e30, -1e30];

fn divergences() -> Vec<FDivergence> {
    let mut all = vec![FDivergence::ReverseKl, FDivergence::ForwardKl, FDivergence::JsDivergence];
    all.extend([-3.0, 0.1, 0.5, 0.9, 0.999, 1.0001, 2.0, 1e3].map(|c| FDivergence::alpha(c).unwrap()));
    all
}

fn losses() -> Vec<DpoLoss> {
    let mut all = Vec::new();
    for loss_type in LossType::ALL {
        let divergences = if loss_type.takes_divergence() { divergences() } else { vec![FDivergence::ReverseKl] };
        let smoothings = match loss_type {
            LossType::ExoPair => vec![1e-3, 0.1],
            _ if loss_type.takes_label_smoothing() => vec![0.0, 0.1],
            _ => vec![0.0],
        };
        for divergence in divergences {
            all.extend(smoothings.iter().map(|e| DpoLoss::new(loss_type, 0.1, *e, divergence).unwrap()));
        }
    }
    for tau in [0.01, 1.0, 3.0] {
        let discopop = DpoLoss::new(LossType::Discopop, 0.1, 0.0, FDivergence::ReverseKl).unwrap();
        all.push(discopop.with_discopop_tau(tau).unwrap());
    }
    all
}

/// All pairs of log-ratios.
fn ratios() -> Pair<Tensor> {
    let all = |f: fn((f32, f32)) -> f32| {
        let pairs = RATIOS.iter().flat_map(|c| RATIOS.iter().map(move |r| (*c, *r)));
        Tensor::from_slice(&pairs.map(f).collect::<Vec<_>>())
    };
    Pair { chosen: all(|(c, _)| c), rejected: all(|(_, r)| r) }
}

fn values(x: &Tensor) -> Vec<f64> {
    Vec::try_from(x.to_kind(Kind::Double)).unwrap()
}

#[test]
fn losses_and_gradients_are_finite() {
    let policy = ratios();
    let zeros = policy.as_ref().map(Tensor::zeros_like);
    let tokens = policy.as_ref().map(|x| x.full_like(20).to_kind(Kind::Int64));
    for loss in losses() {
        let (found, gradient) = loss.evaluate_with_gradient(&policy, &zeros, Some(&tokens)).unwrap();
        assert!(values(&found.losses).iter().all(|x| x.is_finite()), "{loss:?}: losses");
        for side in [&gradient.chosen, &gradient.rejected] {
            assert!(values(side).iter().all(|x| x.is_finite()), "{loss:?}: gradient");
        }
        // No loss rewards a chosen completion for being less likely, nor a rejected one for being more likely, but
        // the regressions, which also pull overlarge margins back, and smoothing, which does not trust large ones.
        if matches!(loss.loss_type(), LossType::Sigmoid | LossType::Hinge) && loss.label_smoothing() == 0.0 {
            assert!(values(&gradient.chosen).iter().all(|x| *x <= 0.0), "{loss:?}");
            assert!(values(&gradient.rejected).iter().all(|x| *x >= 0.0), "{loss:?}");
        }
    }
}

/// Where TRL's clamp does not act, the exponentials are exact: against Rust's own in float64.
#[test]
fn scores_are_exact_below_the_clamp_and_constant_beyond() {
    let h = [-200.0f64, -79.0, -10.0, 0.0, 10.0, 79.0, 200.0];
    let scores = |divergence: FDivergence| values(&divergence.score(&Tensor::from_slice(&h)).unwrap());
    for (found, h) in scores(FDivergence::ForwardKl).iter().zip(h) {
        let expected = -(-h).min(80.0).exp();
        assert!((found - expected).abs() <= 1e-12 * expected.abs(), "forward_kl at {h}");
    }
    for (found, h) in scores(FDivergence::alpha(2.0).unwrap()).iter().zip(h) {
        let expected = h.min(80.0).exp();
        assert!((found - expected).abs() <= 1e-12 * expected.abs(), "alpha at {h}");
    }
    for (found, h) in scores(FDivergence::JsDivergence).iter().zip(h) {
        let expected = h.min(0.0) - (-h.abs()).exp().ln_1p();
        assert!((found - expected).abs() <= 1e-12, "js_divergence at {h}");
    }
}

#[test]
fn margins_are_differences_of_scores() {
    let side = |x: [f64; 3]| Tensor::from_slice(&x);
    let ratios = Pair { chosen: side([0.5, -2.0, 3.0]), rejected: side([-0.25, 1.0, 2.5]) };
    for divergence in divergences() {
        let scores = ratios.as_ref().map(|h| values(&divergence.score(h).unwrap()));
        for (i, margin) in values(&divergence.margin(&ratios).unwrap()).into_iter().enumerate() {
            let expected = scores.chosen[i] - scores.rejected[i];
            assert!((margin - expected).abs() < 1e-9 * (1.0 + expected.abs()), "{divergence:?}");
        }
    }
}

/// As the coefficient nears 1 alpha's margin nears reverse KL's, in float32 too.
#[test]
fn alpha_near_one_is_reverse_kl() {
    let side = |x: [f32; 3]| Tensor::from_slice(&x);
    let ratios = Pair { chosen: side([0.5, -20.0, 30.0]), rejected: side([-0.25, 10.0, 25.0]) };
    let reverse = values(&FDivergence::ReverseKl.margin(&ratios).unwrap());
    for coefficient in [1.0 + 2e-6, 1.0 - 2e-6] {
        let alpha = values(&FDivergence::alpha(coefficient).unwrap().margin(&ratios).unwrap());
        for (a, r) in alpha.iter().zip(&reverse) {
            assert!((a - r).abs() < 2e-3, "{a} and {r}");
        }
    }
}
