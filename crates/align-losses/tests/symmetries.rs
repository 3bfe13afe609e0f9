//! What the formulas do not see: which of two texts is called chosen, a constant on both sides, the order of rows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use align_losses::{DpoLoss, DpoOptions, LossOption, LossType, Pair, PairLoss};
use common::combinations::{divergences, dpo_losses, of};
use common::{Drawn, assert_near, values};
use tch::Tensor;

const TIGHT: f64 = 1e-11;

fn losses(loss: &DpoLoss, drawn: &Drawn) -> Vec<f64> {
    values(&loss.losses(&drawn.logps()).unwrap())
}

fn moved(drawn: &Drawn, by: f64) -> Drawn {
    let policy = drawn.policy.as_ref().map(|side| side.iter().map(|x| x + by).collect());
    Drawn { policy, ..drawn.clone() }
}

/// Turned labels mirror label smoothing, under every divergence.
#[test]
fn swapped_sides_mirror_label_smoothing() {
    const E: f64 = 0.2;
    for (divergence, drawn) in
        divergences().into_iter().flat_map(|d| Drawn::several("swap").map(move |drawn| (d, drawn)))
    {
        let base = DpoOptions { divergence, beta: 0.3, ..DpoOptions::default() };
        let at = |loss_type, label_smoothing, drawn: &Drawn| {
            losses(&DpoLoss::new(DpoOptions { loss_type, label_smoothing, ..base }).unwrap(), drawn)
        };
        let straight = at(LossType::Sigmoid, 0.0, &drawn);
        let swapped = at(LossType::Sigmoid, 0.0, &drawn.swapped());
        let blend = |right: f64, wrong: f64| -> Vec<f64> {
            straight.iter().zip(&swapped).map(|(straight, swapped)| right * straight + wrong * swapped).collect()
        };
        let found = at(LossType::Sigmoid, E, &drawn);
        assert_near("sigmoid", &found, &blend(1.0 - E, E), TIGHT);
        let found = at(LossType::Robust, E, &drawn);
        assert_near("robust", &found, &blend((1.0 - E) / (1.0 - 2.0 * E), -E / (1.0 - 2.0 * E)), TIGHT);
    }
}

/// Each surrogate's own relation between a margin and its negative; scores' margins turn round with the sides.
#[test]
fn swapped_sides_negate_the_margin() {
    type Relation = fn(f64, f64) -> f64;
    let relations: [(LossType, Relation, f64); 3] = [
        (LossType::Sigmoid, |a, b| (-a).exp() + (-b).exp(), 1.0),
        (LossType::Savage, |a, b| a.sqrt() + b.sqrt(), 1.0),
        (LossType::Exponential, |a, b| a.ln() + b.ln(), 0.0),
    ];
    for (loss_type, relation, expected) in relations {
        for (divergence, drawn) in divergences().into_iter().flat_map(|d| Drawn::several("negate").map(move |x| (d, x)))
        {
            // A small beta, so that steep scores neither saturate nor reach a clamp.
            let options = DpoOptions { loss_type, divergence, beta: 0.02, ..DpoOptions::default() };
            let loss = DpoLoss::new(options).unwrap();
            let both = losses(&loss, &drawn).into_iter().zip(losses(&loss, &drawn.swapped()));
            let found: Vec<f64> = both.map(|(straight, swapped)| relation(straight, swapped)).collect();
            assert_near(&format!("{options:?}"), &found, &vec![expected; found.len()], TIGHT);
        }
    }
}

/// Turning the labels round and every log-ratio too leaves the question as it was.
#[test]
fn what_is_odd_in_the_log_ratios() {
    let odd = LossType::ALL.into_iter().filter(|loss_type| {
        // These treat the sides differently by design; the length of a text does not turn round.
        !matches!(loss_type, LossType::NcaPair | LossType::Dpop | LossType::ApoDown | LossType::Sft)
            && !loss_type.info().length_normalised
    });
    for (loss_type, drawn) in odd.flat_map(|l| Drawn::several("odd").map(move |drawn| (l, drawn))) {
        let turned = Drawn { policy: drawn.reference.clone(), reference: drawn.policy.clone(), ..drawn.clone() };
        let loss = of(loss_type, 0.3);
        let (mut straight, mut turned) = (losses(&loss, &drawn), losses(&loss, &turned.swapped()));
        // Transport gives its losses in the order of its sorted margins.
        straight.sort_by(f64::total_cmp);
        turned.sort_by(f64::total_cmp);
        assert_near(loss_type.name(), &turned, &straight, TIGHT);
    }
}

/// A constant added to both sides' log-ratios changes no function of their difference, and every other one.
#[test]
fn margin_losses_see_differences_only() {
    for loss in dpo_losses(0.35).into_iter().filter(|loss| !loss.options().loss_type.info().length_normalised) {
        let options = *loss.options();
        let of_differences = options.divergence.name() == "reverse_kl"
            && (options.loss_type.takes(LossOption::LengthAlpha)
                || matches!(options.loss_type, LossType::Aot | LossType::AotUnpaired));
        for drawn in Drawn::several("shift") {
            let (still, shifted) = (losses(&loss, &drawn), losses(&loss, &moved(&drawn, 1.5)));
            if of_differences {
                assert_near(&format!("{options:?}"), &shifted, &still, TIGHT);
            }
            let far = still.iter().zip(&shifted).any(|(a, b)| (a - b).abs() > 1e-6 * a.abs());
            // Without a price dpop is DPO.
            let free = options.dpop_lambda == Some(0.0);
            assert!(of_differences || free || far, "{options:?} sees no constant");
        }
    }
}

/// Optimal transport does not care who is paired with whom.
#[test]
fn transport_is_the_same_for_any_order_of_the_rows() {
    let order = Tensor::from_slice(&[3i64, 0, 4, 1, 5, 2]);
    let reorder = |side: &[f64]| values(&Tensor::from_slice(side).index_select(0, &order));
    for drawn in Drawn::several("order") {
        for label_smoothing in [0.0, 0.15] {
            let new = |loss_type| {
                let options = DpoOptions { loss_type, label_smoothing, beta: 0.35, ..DpoOptions::default() };
                DpoLoss::new(options).unwrap()
            };
            // AOT sorts margins: the policy's rows may stand in another order than the reference's.
            let policy = drawn.policy.as_ref().map(|side| reorder(side));
            let mixed = Drawn { policy, ..drawn.clone() };
            assert_near("aot", &losses(&new(LossType::Aot), &mixed), &losses(&new(LossType::Aot), &drawn), TIGHT);
            // Its unpaired form sorts log-ratios: chosen texts may stand beside other rejected ones.
            let chosen =
                |sides: &Pair<Vec<f64>>| Pair { chosen: reorder(&sides.chosen), rejected: sides.rejected.clone() };
            let mixed = Drawn { policy: chosen(&drawn.policy), reference: chosen(&drawn.reference), ..drawn.clone() };
            let unpaired = new(LossType::AotUnpaired);
            assert_near("aot_unpaired", &losses(&unpaired, &mixed), &losses(&unpaired, &drawn), TIGHT);
        }
    }
}

/// Only log-ratios matter, but to the likelihood.
#[test]
fn a_common_move_of_policy_and_reference_is_none() {
    for loss in dpo_losses(0.35) {
        let sees = loss.options().loss_type == LossType::Sft;
        let drawn = Drawn::new("common", 0);
        let reference = drawn.reference.as_ref().map(|side| side.iter().map(|x| x + 1.5).collect());
        let both = Drawn { reference, ..moved(&drawn, 1.5) };
        let (still, moved) = (losses(&loss, &drawn), losses(&loss, &both));
        if sees {
            assert!((still[0] - moved[0]).abs() > 1e-3);
        } else {
            assert_near(&format!("{loss:?}"), &moved, &still, 1e-9);
        }
    }
}
