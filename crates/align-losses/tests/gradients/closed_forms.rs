//! The closed-form gradients of `losses_and_gradients` equal those of autograd.

use super::common::combinations::{dpo_losses, losses_of_batches, losses_of_pairs};
use super::common::own::Hellinger;
use super::common::{Drawn, tensors, values};
use align_losses::{FDivergence, Hinge, MarginLoss, Pair, PairLogps, PairLoss};
use tch::{Kind, Tensor};

/// The gradient of `evaluate`'s mean loss by LibTorch's graph, and the losses.
fn by_graph(loss: &dyn PairLoss, drawn: &Drawn, weights: Option<&[f64]>) -> (Vec<f64>, Pair<Vec<f64>>) {
    let policy = tensors(&drawn.policy).map(|side| side.set_requires_grad(true));
    let logps = PairLogps::new(&policy, &tensors(&drawn.reference)).unwrap();
    let mut logps = logps.with_tokens(&tensors(&drawn.tokens)).unwrap();
    if let Some(weights) = weights {
        logps = logps.with_weights(&Tensor::from_slice(weights)).unwrap();
    }
    let losses = loss.evaluate(&logps).unwrap().losses;
    losses.mean(Kind::Double).backward();
    // A side that the loss does not look at has no gradient.
    let or_zero = |x: Tensor| if x.defined() { values(&x) } else { vec![0.0; drawn.weights.len()] };
    (values(&losses.detach()), policy.map(|side| or_zero(side.grad())))
}

fn compare(loss: &dyn PairLoss, drawn: &Drawn, weighted: bool) {
    let logps = if weighted { drawn.weighted_logps() } else { drawn.logps() };
    let (found, gradient) = loss.evaluate_with_gradient(&logps).unwrap();
    let (losses, expected) = by_graph(loss, drawn, weighted.then_some(&drawn.weights));
    same(&format!("{loss:?}, losses"), &values(&found.losses), &losses);
    same(&format!("{loss:?}, chosen"), &values(&gradient.chosen), &expected.chosen);
    same(&format!("{loss:?}, rejected"), &values(&gradient.rejected), &expected.rejected);
}

/// To a relative 1e-10, of gradients that vanish too.
fn same(what: &str, found: &[f64], expected: &[f64]) {
    for (found, expected) in found.iter().zip(expected) {
        let near = (found - expected).abs() <= 1e-10 * expected.abs() + 1e-15;
        assert!(near, "{what}: found {found}, the graph gives {expected}");
    }
}

#[test]
fn closed_forms_equal_autograd() {
    for loss in losses_of_pairs(0.35) {
        for drawn in Drawn::several("closed forms") {
            compare(&loss, &drawn, false);
            compare(&loss, &drawn, true);
        }
    }
    for loss in losses_of_batches(0.35) {
        Drawn::several("closed batches").for_each(|drawn| compare(&loss, &drawn, false));
    }
}

/// Far out, where clamps act and exponentials vanish, and on the kinks themselves: a hinge's at a reward margin of 1.
#[test]
fn closed_forms_equal_autograd_at_extremes_and_kinks() {
    let ratios = [0.0, 2.0, -2.0, 40.0, -40.0, 79.0, -79.0, 81.0, -81.0, 1e4, -1e4];
    let pairs: Vec<(f64, f64)> = ratios.iter().flat_map(|c| ratios.iter().map(move |r| (*c, *r))).collect();
    let policy = Pair { chosen: pairs.iter().map(|p| p.0).collect(), rejected: pairs.iter().map(|p| p.1).collect() };
    let constant = |x: f64| Pair { chosen: vec![x; pairs.len()], rejected: vec![x; pairs.len()] };
    let drawn = Drawn { policy, reference: constant(0.0), tokens: constant(7.0), weights: vec![1.0; pairs.len()] };
    for loss in losses_of_pairs(0.5) {
        // LibTorch differentiates alpha's expm1 as its value plus 1, which has no digits left where that nears -1. Its gradient
        // out there are compared in extremes/scores.rs.
        if !format!("{loss:?}").contains("AlphaDivergence") {
            compare(&loss, &drawn, false);
        }
    }
}

/// Without this the tests above would compare the graph with itself.
#[test]
fn every_named_loss_has_a_closed_form() {
    let logps = Drawn::new("closed", 0).logps();
    for loss in dpo_losses(0.35) {
        assert!(loss.losses_and_gradients(&logps, 1.0).unwrap().is_some(), "{loss:?}");
    }
    // A divergence that says no derivative is left to the graph; so is the whole loss.
    let own = MarginLoss::new(Hellinger, Hinge, 0.1).unwrap();
    assert!(own.losses_and_gradients(&logps, 1.0).unwrap().is_none());
    let known = MarginLoss::new(FDivergence::ChiSquared, Hinge, 0.1).unwrap();
    assert!(known.losses_and_gradients(&logps, 1.0).unwrap().is_some());
}

/// `scale` multiplies derivatives, not losses.
#[test]
fn the_scale_affects_gradients_but_not_losses() {
    let logps = Drawn::new("scale", 0).logps();
    for loss in dpo_losses(0.35) {
        let Some((losses, gradient)) = loss.losses_and_gradients(&logps, 1.0).unwrap() else { continue };
        let (same_losses, scaled) = loss.losses_and_gradients(&logps, 3.0).unwrap().unwrap();
        same("losses", &values(&same_losses), &values(&losses));
        same("chosen", &values(&scaled.chosen), &values(&(gradient.chosen * 3.0)));
        same("rejected", &values(&scaled.rejected), &values(&(gradient.rejected * 3.0)));
    }
}

/// The caller's tensors and graph are left as they were, and a surrounding `no_grad` does not matter.
#[test]
fn the_tensors_of_the_caller_are_unchanged() {
    let drawn = Drawn::new("callers", 0);
    for loss in losses_of_pairs(0.35) {
        let policy = tensors(&drawn.policy);
        let logps = PairLogps::new(&policy, &tensors(&drawn.reference)).unwrap();
        let logps = logps.with_tokens(&tensors(&drawn.tokens)).unwrap();
        let (found, gradient) = tch::no_grad(|| loss.evaluate_with_gradient(&logps)).unwrap();
        assert!(!found.losses.requires_grad() && !gradient.chosen.requires_grad(), "{loss:?}");
        assert!(!policy.chosen.requires_grad() && !policy.rejected.requires_grad(), "{loss:?}");
    }
}
