use super::common::combinations::divergences;
use super::common::values;
use align_losses::{Divergence, FDivergence, Pair};
use tch::Tensor;

fn all() -> Vec<FDivergence> {
    let mut all = divergences();
    all.extend([-3.0, 0.9, 1.0001, 1e3].map(|c| FDivergence::alpha(c).unwrap()));
    all
}

/// The scores of the f-DPO paper's table 1 (χPO's of its own), with exponents clamped as documented.
fn expected(divergence: FDivergence, h: f64) -> f64 {
    let exp = |factor: f64| (factor * h).min(80f64.min(88.0 + factor.abs().ln())).exp();
    match divergence {
        FDivergence::ForwardKl => -exp(-1.0),
        FDivergence::JsDivergence => h.min(0.0) - (-h.abs()).exp().ln_1p(),
        FDivergence::AlphaDivergence { coefficient } => exp(coefficient - 1.0) / (coefficient - 1.0),
        FDivergence::ChiSquared => exp(1.0) + h,
        _ => h,
    }
}

/// Below the clamps the exponentials are exact, beyond them constant: against Rust's own in float64.
#[test]
fn scores_are_exact_below_the_clamp_and_constant_beyond() {
    let h = [-1e4f64, -200.0, -81.0, -79.0, -10.0, 0.0, 10.0, 79.0, 81.0, 200.0, 1e4];
    for divergence in all() {
        for (found, h) in values(&divergence.score(&Tensor::from_slice(&h)).unwrap()).iter().zip(h) {
            let expected = expected(divergence, h);
            let near = (found - expected).abs() <= 1e-11 * expected.abs();
            assert!(near, "{divergence:?} at {h}: {found}, expected {expected}");
        }
    }
}

#[test]
fn derivatives_equal_autograd() {
    let h = [-1e4f64, -81.0, -20.0, -3.0, 0.0, 3.0, 20.0, 81.0, 1e4];
    for divergence in all() {
        let leaf = Tensor::from_slice(&h).set_requires_grad(true);
        divergence.score(&leaf).unwrap().sum(tch::Kind::Double).backward();
        let derivatives = divergence.derivative(&Tensor::from_slice(&h)).unwrap().unwrap();
        for (found, by_graph) in values(&derivatives).iter().zip(values(&leaf.grad())) {
            assert!((found - by_graph).abs() <= 1e-11 * by_graph.abs(), "{divergence:?}: {found} and {by_graph}");
        }
    }
}

#[test]
fn margins_are_differences_of_scores() {
    let side = |x: [f64; 3]| Tensor::from_slice(&x);
    let ratios = Pair { chosen: side([0.5, -2.0, 3.0]), rejected: side([-0.25, 1.0, 2.5]) };
    for divergence in all() {
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
