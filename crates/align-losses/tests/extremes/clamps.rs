//! Where a formula itself diverges: the documented clamp's exact value, and no gradient beyond it.

use super::common::{assert_near, one, values};
use align_losses::{
    DpoLoss, DpoOptions, FDivergence, LogRatioPenalty, LossType, PairLogps, PairLoss, Penalty, discopop,
};
use tch::{Kind, Tensor};

/// Losses and gradient of one pair of log-ratios in float32.
fn evaluate(options: DpoOptions, chosen: f64, rejected: f64) -> (f64, f64, f64) {
    let h = one(chosen, rejected).map(|x| x.to_kind(Kind::Float));
    let logps = PairLogps::new(&h, &h.as_ref().map(Tensor::zeros_like)).unwrap();
    let (found, gradient) = DpoLoss::new(options).unwrap().evaluate_with_gradient(&logps).unwrap();
    let number = |x: &Tensor| values(x)[0];
    (number(&found.losses), number(&gradient.chosen), number(&gradient.rejected))
}

#[test]
fn the_exponential_link_stops_at_exp_40() {
    let options = DpoOptions { loss_type: LossType::Exponential, ..DpoOptions::default() };
    for margin in [-401.0, -1e4, -2e4] {
        let (loss, chosen, rejected) = evaluate(options, margin / 2.0, -margin / 2.0);
        assert_near("loss", &[loss], &[40f64.exp()], 1e-5);
        assert_eq!((chosen, rejected), (0.0, 0.0));
    }
    // Just before it the formula still holds.
    let (loss, chosen, rejected) = evaluate(options, -195.0, 195.0);
    assert_near("loss", &[loss], &[39f64.exp()], 1e-4);
    assert_near("gradient", &[chosen, rejected], &[-0.1 * 39f64.exp(), 0.1 * 39f64.exp()], 1e-4);
}

/// Scores beyond a clamp are constant: a pair's side that lies there has no gradient, whatever the surrogate's is.
#[test]
fn clamped_scores_have_no_gradient() {
    let of = |divergence| DpoOptions { divergence, ..DpoOptions::default() };
    let forward = of(FDivergence::ForwardKl);
    let below = of(FDivergence::alpha(0.3).unwrap());
    let above = of(FDivergence::alpha(2.0).unwrap());
    for h in [1e4, 200.0] {
        for options in [forward, below] {
            let (loss, chosen, rejected) = evaluate(options, -h, -h);
            assert_near("equal scores", &[loss], &[2f64.ln()], 1e-6);
            assert_eq!((chosen, rejected), (0.0, 0.0));
        }
        let (loss, chosen, rejected) = evaluate(above, h, h);
        assert_near("equal scores", &[loss], &[2f64.ln()], 1e-6);
        assert_eq!((chosen, rejected), (0.0, 0.0));
    }
    // χPO's score has a linear part too, and that goes on: -β ½ on the chosen side.
    let (_, chosen, rejected) = evaluate(of(FDivergence::ChiSquared), 1e4, 1e4);
    assert_near("linear part", &[chosen, rejected], &[-0.05, 0.05], 1e-6);
    // With the other side near the reference, the loss is the surrogate's at the clamped score.
    let (loss, chosen, _) = evaluate(forward, -1e4, 0.0);
    assert_near("forward_kl", &[loss / 80f64.exp()], &[0.1], 1e-5);
    assert_eq!(chosen, 0.0);
}

/// The graph of `losses` is clamped where the closed form is.
#[test]
fn the_graph_has_no_gradient_there_either() {
    for (divergence, at) in [
        (FDivergence::ForwardKl, -1e4),
        (FDivergence::alpha(0.3).unwrap(), -1e4),
        (FDivergence::alpha(2.0).unwrap(), 1e4),
    ] {
        let policy = one(at, at).map(|x| x.to_kind(Kind::Float).set_requires_grad(true));
        let zeros = policy.as_ref().map(|x| x.detach().zeros_like());
        let loss = DpoLoss::new(DpoOptions { divergence, ..DpoOptions::default() }).unwrap();
        loss.losses(&PairLogps::new(&policy, &zeros).unwrap()).unwrap().sum(Kind::Float).backward();
        assert_eq!(values(&policy.chosen.grad()), [0.0], "{divergence:?}");
        assert_eq!(values(&policy.rejected.grad()), [0.0], "{divergence:?}");
    }
}

#[test]
fn discopop_and_the_exponential_penalty_stop() {
    let x = Tensor::from_slice(&[-1e4f64]).set_requires_grad(true);
    let loss = discopop(&x, 1.0, 3.0).unwrap();
    // exp(40) and the logistic loss of 1e4, which is all that the blend leaves.
    assert_near("discopop", &values(&loss.detach()), &[40f64.exp() + 1e4], 1e-14);
    loss.sum(Kind::Double).backward();
    assert_near("discopop's logistic gradient", &values(&x.grad()), &[-1.0], 1e-12);

    let h = Tensor::from_slice(&[1e4f64]).set_requires_grad(true);
    let penalty = LogRatioPenalty::Exponential.penalty(&h).unwrap();
    assert_near("penalty", &values(&penalty.detach()), &[80f64.exp() - 1.0], 1e-14);
    penalty.sum(Kind::Double).backward();
    assert_eq!(values(&h.grad()), [0.0]);
}
