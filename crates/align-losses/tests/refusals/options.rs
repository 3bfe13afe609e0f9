//! Options of `DpoLoss` outside their range, and those that a loss would ignore.

use super::common::combinations::{divergences, of};
use super::{BELOW_ZERO, NO_SMOOTHING, NOT_ABOVE_ZERO, assert_names};
use align_losses::{Divergence, DpoLoss, DpoOptions, Error, FDivergence, LossOption, LossType};
use tch::Tensor;

fn new(change: impl Fn(&mut DpoOptions), loss_type: LossType) -> align_losses::Result<DpoLoss> {
    let mut options = *of(loss_type, 0.1).options();
    change(&mut options);
    DpoLoss::new(options)
}

#[test]
fn options_outside_their_range() {
    for value in NOT_ABOVE_ZERO {
        assert_names(new(|o| o.beta = value, LossType::Sigmoid), &["beta"]);
        assert_names(new(|o| o.discopop_tau = Some(value), LossType::Discopop), &["discopop_tau"]);
        assert_names(new(|o| o.length_alpha = Some(value), LossType::Sigmoid), &["length_alpha"]);
    }
    for value in BELOW_ZERO {
        assert_names(new(|o| o.dpop_lambda = Some(value), LossType::Dpop), &["dpop_lambda"]);
    }
    for value in NO_SMOOTHING {
        assert_names(new(|o| o.label_smoothing = value, LossType::Sigmoid), &["label_smoothing", "below 0.5"]);
    }
    for coefficient in [1.0, 1.0 + 1e-7, f64::NAN, f64::INFINITY] {
        let unchecked = FDivergence::AlphaDivergence { coefficient };
        assert_names(FDivergence::alpha(coefficient), &["alpha_divergence", "reverse_kl"]);
        assert_names(new(|o| o.divergence = unchecked, LossType::Sigmoid), &["alpha_divergence", "reverse_kl"]);
        let h = Tensor::from_slice(&[0.0f32]);
        assert_names(unchecked.score(&h), &["alpha_divergence"]);
        assert_names(unchecked.derivative(&h), &["alpha_divergence"]);
    }
    // Ends of the ranges that are inside.
    assert!(new(|o| o.dpop_lambda = Some(0.0), LossType::Dpop).is_ok());
    assert!(new(|o| o.label_smoothing = 0.499, LossType::Sigmoid).is_ok());
    assert!(new(|o| o.divergence = FDivergence::AlphaDivergence { coefficient: 0.0 }, LossType::Sigmoid).is_ok());
}

#[test]
fn label_smoothing_that_would_be_ignored() {
    for loss_type in LossType::ALL {
        let found = new(|o| o.label_smoothing = 0.1, loss_type);
        let takes = ["sigmoid", "robust", "exo_pair", "aot", "aot_unpaired"].contains(&loss_type.name());
        assert_eq!(found.is_ok(), takes, "{loss_type}");
        if !takes {
            assert_names(found, &["label_smoothing is 0.1", &format!("loss_type {loss_type} would")]);
        }
    }
    // One loss cannot do without it.
    assert_names(new(|o| o.label_smoothing = 0.0, LossType::ExoPair), &["label_smoothing", "exo_pair"]);
}

#[test]
fn divergences_that_would_be_ignored() {
    let derived =
        ["nca_pair", "bco_pair", "sppo_hard", "aot", "aot_unpaired", "apo_zero", "apo_down", "sft", "dpop", "cal_dpo"];
    for (loss_type, divergence) in
        LossType::ALL.into_iter().flat_map(|l| divergences().into_iter().map(move |d| (l, d)))
    {
        let found = new(|o| o.divergence = divergence, loss_type);
        let ignored = divergence != FDivergence::ReverseKl && derived.contains(&loss_type.name());
        assert_eq!(found.is_err(), ignored, "{loss_type} with {divergence:?}");
        if ignored {
            assert_names(found, &[divergence.name(), &format!("loss_type {loss_type} would"), "reverse_kl"]);
        }
    }
}

#[test]
fn options_of_other_losses() {
    let summed = [
        "sigmoid",
        "hinge",
        "ipo_sum",
        "exo_pair",
        "robust",
        "discopop",
        "squared",
        "exponential",
        "truncated_quadratic",
        "savage",
    ];
    for loss_type in LossType::ALL {
        let refused = |found: align_losses::Result<DpoLoss>, option: &str, takes: bool, instead: &str| {
            assert_eq!(found.is_ok(), takes, "{loss_type} with {option}");
            if !takes {
                assert_names(found, &[&format!("{option} is 0.3"), &format!("loss_type {loss_type} would"), instead]);
            }
        };
        let tau = new(|o| o.discopop_tau = Some(0.3), loss_type);
        refused(tau, "discopop_tau", loss_type == LossType::Discopop, "discopop");
        let lambda = new(|o| o.dpop_lambda = Some(0.3), loss_type);
        refused(lambda, "dpop_lambda", loss_type == LossType::Dpop, "dpop");
        let alpha = new(|o| o.length_alpha = Some(0.3), loss_type);
        refused(alpha, "length_alpha", summed.contains(&loss_type.name()), "sigmoid");
    }
}

/// The variants, for callers that match on them.
#[test]
fn errors_have_their_kind() {
    let kind = |found, option, loss_type| {
        assert!(
            matches!(found, Err(Error::IgnoredOption { option: o, loss_type: l, .. }) if (o, l) == (option, loss_type))
        );
    };
    let found = new(|o| o.label_smoothing = 0.1, LossType::Hinge);
    kind(found, LossOption::LabelSmoothing, LossType::Hinge);
    let found = new(|o| o.divergence = FDivergence::JsDivergence, LossType::Dpop);
    kind(found, LossOption::Divergence, LossType::Dpop);
    let found = new(|o| o.length_alpha = Some(0.1), LossType::Ipo);
    kind(found, LossOption::LengthAlpha, LossType::Ipo);
}
