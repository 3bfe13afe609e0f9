use super::common::combinations::{compositions, divergences, dpo_losses, losses_of_batches};
use super::common::{one, values};
use super::{all_pairs, assert_finite};
use align_losses::{DpoLoss, DpoOptions, Exponential, FDivergence, LossType, MarginLoss, Pair, PairLogps, PairLoss};
use rand::RngExt;
use tch::{Kind, Tensor};

const FAR: [f32; 13] = [0.0, 1.0, -1.0, 11.0, -11.0, 79.0, -79.0, 81.0, -81.0, 700.0, -700.0, 1e4, -1e4];

/// The losses that square margins.
fn squares(loss_type: LossType) -> bool {
    matches!(loss_type, LossType::Ipo | LossType::IpoSum | LossType::Squared | LossType::TruncatedQuadratic)
}

/// Divergences whose scores are exponentials.
fn is_steep(divergence: FDivergence) -> bool {
    !matches!(divergence, FDivergence::ReverseKl | FDivergence::JsDivergence)
}

fn check(loss: &dyn PairLoss, log_ratios: &Pair<Tensor>) {
    let zeros = log_ratios.as_ref().map(Tensor::zeros_like);
    let tokens = log_ratios.as_ref().map(|x| x.full_like(20).to_kind(Kind::Int64));
    let logps = PairLogps::new(log_ratios, &zeros).unwrap().with_tokens(&tokens).unwrap();
    let (found, gradient) = loss.evaluate_with_gradient(&logps).unwrap();
    assert_finite(&format!("{loss:?}: losses"), &found.losses);
    assert_finite(&format!("{loss:?}: chosen gradient"), &gradient.chosen);
    assert_finite(&format!("{loss:?}: rejected gradient"), &gradient.rejected);
}

/// Log-ratios of every size up to 1e4, both ways.
fn drawn() -> Pair<Tensor> {
    let mut rng = align_base::random::generator(7, "extremes", 0);
    let mut side = || -> Vec<f32> {
        let draw = |_| 10f32.powf(rng.random_range(-3.0f32..4.0)) * [1.0, -1.0][rng.random_range(0..2usize)];
        (0..500).map(draw).collect()
    };
    Pair { chosen: side(), rejected: side() }.map(|x| Tensor::from_slice(&x))
}

/// To ±1e4, but for squares of exponentials, which have a test of their own.
#[test]
fn losses_and_gradients_are_finite() {
    for ratios in [all_pairs(&FAR), drawn()] {
        for loss in dpo_losses(0.1) {
            let options = loss.options();
            if !(squares(options.loss_type) && is_steep(options.divergence)) {
                check(&loss, &ratios);
            }
        }
        compositions(0.1).iter().for_each(|loss| check(loss, &ratios));
        losses_of_batches(0.1).iter().for_each(|loss| check(loss, &ratios));
    }
}

/// A margin of exponential scores reaches 1e35, whose square no float32 holds.
#[test]
fn squares_of_exponential_scores_are_finite() {
    for loss in dpo_losses(0.1) {
        let options = loss.options();
        if squares(options.loss_type) && is_steep(options.divergence) {
            check(&loss, &all_pairs(&FAR));
            check(&loss, &drawn());
        }
    }
}

/// Two steep scores may differ by just so much that the exponential surrogate is not clamped yet, and their slopes multiply.
#[test]
fn exponentials_of_exponential_scores_are_finite() {
    let loss = MarginLoss::new(FDivergence::ForwardKl, Exponential, 0.1).unwrap();
    for h in [2.0f64, 5.0, 9.0, 11.0, 13.0, 15.0] {
        for exponent in [1.0, 40.0, 70.0, 79.0] {
            // exp(-h_chosen) exceeds exp(-h_rejected) by exponent / beta.
            let (chosen, rejected) = (-h, -(h.exp() - 10.0 * exponent).max(1e-3).ln());
            check(&loss, &one(chosen, rejected).map(|x| x.to_kind(Kind::Float)));
        }
    }
}

/// As far as float32 goes, but for what squares a log-ratio: from about 1e19 on the formula itself leaves the dtype's range.
#[test]
fn losses_that_do_not_square_are_finite_to_1e30() {
    let ratios = all_pairs(&[0.0, 1.0, -1.0, 200.0, -200.0, 1e15, -1e15, 1e30, -1e30]);
    for loss in dpo_losses(0.1) {
        let loss_type = loss.options().loss_type;
        if !squares(loss_type) && !matches!(loss_type, LossType::SppoHard | LossType::CalDpo) {
            check(&loss, &ratios);
        }
    }
}

/// No plain loss rewards a chosen completion for being less likely, nor a rejected one for being more likely.
#[test]
fn no_gradient_points_the_wrong_way() {
    let ratios = all_pairs(&FAR);
    let zeros = ratios.as_ref().map(Tensor::zeros_like);
    let falling =
        [LossType::Sigmoid, LossType::Hinge, LossType::Exponential, LossType::TruncatedQuadratic, LossType::Savage];
    for (loss_type, divergence) in falling.into_iter().flat_map(|l| divergences().into_iter().map(move |d| (l, d))) {
        if squares(loss_type) && is_steep(divergence) {
            continue; // see squares_of_exponential_scores_are_finite
        }
        let loss = DpoLoss::new(DpoOptions { loss_type, divergence, ..DpoOptions::default() }).unwrap();
        let (_, gradient) = loss.evaluate_with_gradient(&PairLogps::new(&ratios, &zeros).unwrap()).unwrap();
        assert!(values(&gradient.chosen).iter().all(|x| *x <= 0.0), "{loss:?}");
        assert!(values(&gradient.rejected).iter().all(|x| *x >= 0.0), "{loss:?}");
        assert!(values(&gradient.chosen).iter().any(|x| *x < 0.0), "{loss:?} has no gradient at all");
    }
}
