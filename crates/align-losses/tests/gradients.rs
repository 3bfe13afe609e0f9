//! The gradient of every loss and combination against central differences in float64, and what a batch has to do with its
//! parts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_losses::{DpoLoss, FDivergence, LossType, Pair};
use tch::Tensor;

/// Fixed numbers that look drawn: every loss bends somewhere among them.
const POLICY: [[f64; 5]; 2] = [[-12.3, -40.1, -7.7, -25.0, -18.2], [-15.9, -33.3, -9.1, -24.2, -30.4]];
const REFERENCE: [[f64; 5]; 2] = [[-13.1, -38.4, -8.9, -24.9, -20.6], [-14.8, -34.9, -8.4, -25.1, -28.8]];
const TOKENS: [[i64; 5]; 2] = [[4, 11, 3, 9, 6], [5, 10, 3, 8, 12]];

fn sides<T: Copy + tch::kind::Element>(rows: [[T; 5]; 2]) -> Pair<Tensor> {
    Pair { chosen: Tensor::from_slice(&rows[0]), rejected: Tensor::from_slice(&rows[1]) }
}

fn values(x: &Tensor) -> Vec<f64> {
    Vec::try_from(x).unwrap()
}

/// Every loss with every divergence and smoothing that it takes.
fn all() -> Vec<DpoLoss> {
    let divergences = [
        FDivergence::ReverseKl,
        FDivergence::ForwardKl,
        FDivergence::JsDivergence,
        FDivergence::alpha(0.3).unwrap(),
        FDivergence::alpha(2.0).unwrap(),
    ];
    let combined = |(loss, divergence, smoothing)| DpoLoss::new(loss, 0.35, smoothing, divergence).ok();
    LossType::ALL
        .into_iter()
        .flat_map(|loss| divergences.into_iter().flat_map(move |d| [0.0, 0.15].map(|e| (loss, d, e))))
        .filter_map(combined)
        .collect()
}

fn mean_loss(loss: &DpoLoss, policy: [[f64; 5]; 2]) -> f64 {
    let found = loss.evaluate(&sides(policy), &sides(REFERENCE), Some(&sides(TOKENS))).unwrap();
    found.losses.mean(tch::Kind::Double).double_value(&[])
}

#[test]
fn gradients_are_those_of_central_differences() {
    const STEP: f64 = 1e-5;
    let all = all();
    assert!(all.len() > 50, "{} combinations", all.len());
    for loss in all {
        let (_, gradient) =
            loss.evaluate_with_gradient(&sides(POLICY), &sides(REFERENCE), Some(&sides(TOKENS))).unwrap();
        for (side, gradient) in [&gradient.chosen, &gradient.rejected].into_iter().enumerate() {
            for (row, found) in values(gradient).into_iter().enumerate() {
                let at = |step: f64| {
                    let mut policy = POLICY;
                    policy[side][row] += step;
                    mean_loss(&loss, policy)
                };
                let expected = (at(STEP) - at(-STEP)) / (2.0 * STEP);
                let near = (found - expected).abs() <= 1e-6 * expected.abs() + 1e-9;
                assert!(near, "{loss:?}, side {side}, row {row}: {found}, differences give {expected}");
            }
        }
    }
}

/// Each pair's loss is its own, but for optimal transport, which sorts the batch.
#[test]
fn a_batch_is_its_pairs() {
    for loss in all() {
        if matches!(loss.loss_type(), LossType::Aot | LossType::AotUnpaired) {
            continue;
        }
        let whole = loss.evaluate(&sides(POLICY), &sides(REFERENCE), Some(&sides(TOKENS))).unwrap();
        for (row, expected) in values(&whole.losses).into_iter().enumerate() {
            let one = |pair: Pair<Tensor>| pair.map(|x| x.narrow(0, row as i64, 1));
            let alone = loss.evaluate(&one(sides(POLICY)), &one(sides(REFERENCE)), Some(&one(sides(TOKENS)))).unwrap();
            assert!((values(&alone.losses)[0] - expected).abs() < 1e-12, "{loss:?}, row {row}");
        }
    }
}

/// Optimal transport does not care who is paired with whom.
#[test]
fn transport_is_the_same_for_any_order_of_the_rows() {
    let order = Tensor::from_slice(&[3i64, 0, 4, 1, 2]);
    let shuffled = |pair: Pair<Tensor>| pair.map(|x| x.index_select(0, &order));
    for smoothing in [0.0, 0.15] {
        let new = |loss_type| DpoLoss::new(loss_type, 0.35, smoothing, FDivergence::ReverseKl).unwrap();
        let sum = |loss: &DpoLoss, policy: &Pair<Tensor>, reference: &Pair<Tensor>| {
            loss.evaluate(policy, reference, None).unwrap().losses.sum(tch::Kind::Double).double_value(&[])
        };
        let (policy, reference) = (sides(POLICY), sides(REFERENCE));
        let aot = new(LossType::Aot);
        let whole = sum(&aot, &policy, &reference);
        assert!((sum(&aot, &shuffled(sides(POLICY)), &reference) - whole).abs() < 1e-12);
        let unpaired = new(LossType::AotUnpaired);
        let side = |policy: Tensor, rejected: &Pair<Tensor>| Pair {
            chosen: policy,
            rejected: rejected.rejected.shallow_clone(),
        };
        let mixed = (
            side(policy.chosen.index_select(0, &order), &policy),
            side(reference.chosen.index_select(0, &order), &reference),
        );
        let whole = sum(&unpaired, &policy, &reference);
        assert!((sum(&unpaired, &mixed.0, &mixed.1) - whole).abs() < 1e-12);
    }
}

/// A constant added to both sides' log-ratios changes no function of their difference.
#[test]
fn margin_losses_see_differences_only() {
    let shifted = POLICY.map(|side| side.map(|x| x + 3.0));
    for loss_type in
        [LossType::Sigmoid, LossType::Hinge, LossType::IpoSum, LossType::Robust, LossType::Discopop, LossType::Aot]
    {
        let loss = DpoLoss::new(loss_type, 0.35, 0.0, FDivergence::ReverseKl).unwrap();
        assert!((mean_loss(&loss, POLICY) - mean_loss(&loss, shifted)).abs() < 1e-12, "{loss_type}");
    }
    for loss_type in [LossType::NcaPair, LossType::BcoPair, LossType::SppoHard, LossType::ApoZero, LossType::ApoDown] {
        let loss = DpoLoss::new(loss_type, 0.35, 0.0, FDivergence::ReverseKl).unwrap();
        assert!((mean_loss(&loss, POLICY) - mean_loss(&loss, shifted)).abs() > 1e-3, "{loss_type}");
    }
}

#[test]
fn robust_without_smoothing_is_sigmoid_and_normalised_ones_of_one_token_are_plain() {
    let new = |loss_type| DpoLoss::new(loss_type, 0.35, 0.0, FDivergence::ReverseKl).unwrap();
    assert!((mean_loss(&new(LossType::Robust), POLICY) - mean_loss(&new(LossType::Sigmoid), POLICY)).abs() < 1e-12);
    for (normalised, plain) in [(LossType::SigmoidNorm, LossType::Sigmoid), (LossType::Ipo, LossType::IpoSum)] {
        let ones = sides([[1i64; 5]; 2]);
        let losses = |loss_type| {
            values(&new(loss_type).evaluate(&sides(POLICY), &sides(REFERENCE), Some(&ones)).unwrap().losses)
        };
        assert_eq!(losses(normalised), losses(plain));
    }
}
