//! What a batch has to do with its parts, and what its dtype is to it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use align_losses::{PairLogps, PairLoss};
use common::combinations::{losses_of_batches, losses_of_pairs};
use common::{Drawn, ROWS, assert_near, tensors, values};
use tch::{Kind, Tensor};

/// Each pair's loss is its own, and the mean's gradient a share of it.
#[test]
fn a_batch_is_its_pairs() {
    for (loss, drawn) in losses_of_pairs(0.35).iter().flat_map(|l| Drawn::several("parts").map(move |d| (l, d))) {
        assert!(!loss.couples_batch(), "{loss:?}");
        let (whole, gradient) = loss.evaluate_with_gradient(&drawn.weighted_logps()).unwrap();
        for row in 0..ROWS {
            let (alone, own) = loss.evaluate_with_gradient(&drawn.row(row).weighted_logps()).unwrap();
            let at = |x: &Tensor| [values(x)[row]];
            let what = format!("{loss:?}, row {row}");
            assert_near(&what, &values(&alone.losses), &at(&whole.losses), 1e-12);
            let share = |x: &Tensor| [values(x)[row] * ROWS as f64];
            assert_near(&what, &values(&own.chosen), &share(&gradient.chosen), 1e-12);
            assert_near(&what, &values(&own.rejected), &share(&gradient.rejected), 1e-12);
        }
    }
}

/// The others are not: `LossInfo::couples_batch` says so, and refuses weights for it.
#[test]
fn losses_of_the_batch_are_not_those_of_its_pairs() {
    for loss in losses_of_batches(0.35) {
        let differs = Drawn::several("whole").any(|drawn| {
            let whole = values(&loss.losses(&drawn.logps()).unwrap());
            (0..ROWS).any(|row| (values(&loss.losses(&drawn.row(row).logps()).unwrap())[0] - whole[row]).abs() > 1e-3)
        });
        assert!(differs, "{loss:?}");
    }
}

/// A weight of 1 is none; one of 0 takes a pair out of the gradient.
#[test]
fn weights_multiply_losses() {
    let drawn = Drawn::new("weights", 0);
    let with = |weights: &[f64]| drawn.logps().with_weights(&Tensor::from_slice(weights)).unwrap();
    for loss in losses_of_pairs(0.35) {
        let plain = values(&loss.evaluate(&drawn.logps()).unwrap().losses);
        assert_eq!(values(&loss.evaluate(&with(&[1.0; ROWS])).unwrap().losses), plain, "{loss:?}");
        let expected: Vec<f64> = plain.iter().zip(&drawn.weights).map(|(loss, weight)| loss * weight).collect();
        let found = loss.evaluate(&drawn.weighted_logps()).unwrap();
        assert_near(&format!("{loss:?}"), &values(&found.losses), &expected, 1e-14);
        let (_, gradient) = loss.evaluate_with_gradient(&with(&[0.0, 1.0, 1.0, 1.0, 1.0, 1.0])).unwrap();
        assert_eq!((values(&gradient.chosen)[0], values(&gradient.rejected)[0]), (0.0, 0.0), "{loss:?}");
    }
}

/// Half precision is computed on in float32, and only the gradient is rounded back.
#[test]
fn half_precision_is_computed_in_float32() {
    for kind in [Kind::BFloat16, Kind::Half] {
        let drawn = Drawn::new("half", 0);
        let policy = tensors(&drawn.policy).map(|x| x.to_kind(kind));
        let reference = tensors(&drawn.reference).map(|x| x.to_kind(kind));
        let logps = |kind: Kind| {
            let of = |sides: &align_losses::Pair<Tensor>| sides.as_ref().map(|x| x.to_kind(kind));
            let logps = PairLogps::new(&of(&policy), &of(&reference)).unwrap();
            logps.with_tokens(&tensors(&drawn.tokens)).unwrap()
        };
        for loss in losses_of_pairs(0.35).into_iter().chain(losses_of_batches(0.35)) {
            let (found, gradient) = loss.evaluate_with_gradient(&logps(kind)).unwrap();
            let (wide, wide_gradient) = loss.evaluate_with_gradient(&logps(Kind::Float)).unwrap();
            assert_eq!(found.losses.kind(), Kind::Float, "{loss:?}");
            assert_eq!(values(&found.losses), values(&wide.losses), "{loss:?}");
            assert_eq!(gradient.chosen.kind(), kind, "{loss:?}");
            let rounded = wide_gradient.map(|x| values(&x.to_kind(kind)));
            assert_eq!(values(&gradient.chosen), rounded.chosen, "{loss:?}");
            assert_eq!(values(&gradient.rejected), rounded.rejected, "{loss:?}");
        }
    }
}

/// float64 stays float64.
#[test]
fn float64_stays() {
    let (found, gradient) = losses_of_pairs(0.1)[0].evaluate_with_gradient(&Drawn::new("double", 0).logps()).unwrap();
    assert_eq!((found.losses.kind(), gradient.rejected.kind()), (Kind::Double, Kind::Double));
}
