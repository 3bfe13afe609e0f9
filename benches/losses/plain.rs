//! The losses written with plain tensor operations and autograd, as one would without this project.

use align_losses::{FDivergence, LossType, Pair};
use tch::{Kind, Tensor};

/// The gradients of the mean loss with respect to the policy's log-probabilities, `(batch,)` each.
pub fn gradient(
    loss_type: LossType,
    label_smoothing: f64,
    divergence: FDivergence,
    policy: &Pair<Tensor>,
    reference: &Pair<Tensor>,
    tokens: &Pair<Tensor>,
) -> Vec<Tensor> {
    let policy = policy.as_ref().map(|x| x.detach().requires_grad_(true));
    let losses = losses(loss_type, label_smoothing, divergence, &policy, reference, tokens);
    Tensor::run_backward(&[losses.mean(Kind::Float)], &[&policy.chosen, &policy.rejected], false, false)
}

const BETA: f64 = 0.1;

fn losses(
    loss_type: LossType,
    label_smoothing: f64,
    divergence: FDivergence,
    policy: &Pair<Tensor>,
    reference: &Pair<Tensor>,
    tokens: &Pair<Tensor>,
) -> Tensor {
    let (c, r) = (&policy.chosen - &reference.chosen, &policy.rejected - &reference.rejected);
    let score = |h: &Tensor| match divergence {
        FDivergence::ForwardKl => -(-h).exp(),
        FDivergence::JsDivergence => h.log_sigmoid(),
        FDivergence::AlphaDivergence { coefficient } => ((coefficient - 1.0) * h).exp() / (coefficient - 1.0),
        FDivergence::ChiSquared => h.exp() + h,
        _ => h.shallow_clone(),
    };
    let margin = || score(&c) - score(&r);
    let margin_of_a_token = || score(&c) / &tokens.chosen - score(&r) / &tokens.rejected;
    let (eps, x) = (label_smoothing, || BETA * margin());
    match loss_type {
        LossType::Sigmoid if eps == 0.0 => -x().log_sigmoid(),
        LossType::Sigmoid => {
            let x = x();
            -(1.0 - eps) * x.log_sigmoid() - eps * (-x).log_sigmoid()
        }
        LossType::Hinge => (1.0f64 - x()).relu(),
        LossType::Ipo => (margin_of_a_token() - 1.0 / (2.0 * BETA)).square(),
        LossType::IpoSum => (margin() - 1.0 / (2.0 * BETA)).square(),
        LossType::ExoPair => {
            let x = x();
            x.sigmoid() * (x.log_sigmoid() - (1.0 - eps).ln()) + (-&x).sigmoid() * ((-&x).log_sigmoid() - eps.ln())
        }
        LossType::NcaPair => {
            let (c, r) = (BETA * c, BETA * r);
            -c.log_sigmoid() - 0.5 * (-c).log_sigmoid() - 0.5 * (-r).log_sigmoid()
        }
        LossType::Robust => {
            let x = x();
            (-(1.0 - eps) * x.log_sigmoid() + eps * (-x).log_sigmoid()) / (1.0 - 2.0 * eps)
        }
        LossType::BcoPair => -(BETA * c).log_sigmoid() - (-BETA * r).log_sigmoid(),
        LossType::SppoHard => (c - 0.5 / BETA).square() + (r + 0.5 / BETA).square(),
        LossType::Aot => {
            let ours = (&policy.chosen - &policy.rejected).sort(0, false).0;
            let theirs = (&reference.chosen - &reference.rejected).sort(0, false).0;
            -(BETA * (ours - theirs)).log_sigmoid()
        }
        LossType::AotUnpaired => -(BETA * (c.sort(0, false).0 - r.sort(0, false).0)).log_sigmoid(),
        LossType::ApoZero => 1.0f64 - (BETA * c).sigmoid() + (BETA * r).sigmoid(),
        LossType::ApoDown => (BETA * &c).sigmoid() + 1.0 - (BETA * (c - r)).sigmoid(),
        LossType::Discopop => {
            let x = x();
            let modulation = (&x / 0.05).sigmoid();
            -x.log_sigmoid() * (1.0f64 - &modulation) + (-&x).exp() * modulation
        }
        LossType::SigmoidNorm => -(BETA * margin_of_a_token()).log_sigmoid(),
        LossType::Sft => (-policy.chosen.sum(Kind::Float) / tokens.chosen.sum(Kind::Float)).expand(c.size(), false),
        LossType::Squared => (x() - 1.0).square(),
        LossType::Exponential => (-x()).exp(),
        LossType::TruncatedQuadratic => (1.0f64 - x()).relu().square(),
        LossType::Savage => (-x()).sigmoid().square(),
        LossType::Dpop => -((&c - r - (-&c).relu() * 50.0) * BETA).log_sigmoid(),
        LossType::CalDpo => (&c - 0.5 / BETA).square() + (&r + 0.5 / BETA).square() - (c - r).log_sigmoid(),
        other => unimplemented!("{other} has no plain formula here"),
    }
}
