//! What every loss says of the policy besides its loss, by values worked out by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use align_losses::{Pair, PairLogps, PairLoss};
use common::combinations::{losses_of_batches, losses_of_pairs};
use tch::Tensor;

fn side(x: [f32; 6]) -> Tensor {
    Tensor::from_slice(&x)
}

/// Told apart and likelier; a tie; told apart but less likely (displaced); the wrong way round; both less likely alike;
/// told apart with the chosen one as likely as before.
fn logps() -> PairLogps {
    let policy = Pair {
        chosen: side([-10.0, -11.0, -14.0, -20.0, -12.0, -8.0]),
        rejected: side([-12.0, -13.0, -20.0, -18.0, -15.0, -9.0]),
    };
    let reference = Pair {
        chosen: side([-11.0, -11.0, -12.0, -19.0, -11.0, -8.0]),
        rejected: side([-12.5, -13.0, -14.0, -18.0, -14.0, -7.0]),
    };
    let policy = policy.map(|x| x.set_requires_grad(true));
    let tokens = Pair { chosen: side([3.0; 6]), rejected: side([4.0; 6]) };
    PairLogps::new(&policy, &reference).unwrap().with_tokens(&tokens).unwrap()
}

#[test]
fn diagnostics_are_those_of_the_log_ratios_whatever_the_loss() {
    for loss in losses_of_pairs(0.5).into_iter().chain(losses_of_batches(0.5)) {
        let evaluated = loss.evaluate(&logps()).unwrap();
        let (with_gradient, _) = loss.evaluate_with_gradient(&logps()).unwrap();
        assert!(evaluated.losses.requires_grad() && !with_gradient.losses.requires_grad(), "{loss:?}");
        for found in [evaluated, with_gradient] {
            assert_eq!(found.log_ratios.chosen, side([1.0, 0.0, -2.0, -1.0, -1.0, 0.0]), "{loss:?}");
            assert_eq!(found.log_ratios.rejected, side([0.5, 0.0, -6.0, 0.0, -1.0, -2.0]), "{loss:?}");
            assert_eq!(found.rewards().chosen, side([0.5, 0.0, -1.0, -0.5, -0.5, 0.0]), "{loss:?}");
            assert_eq!(found.rewards().rejected, side([0.25, 0.0, -3.0, 0.0, -0.5, -1.0]), "{loss:?}");
            assert_eq!(found.margins(), side([0.25, 0.0, 2.0, -0.5, 0.0, 1.0]), "{loss:?}");
            assert_eq!(found.accuracies(), side([1.0, 0.0, 1.0, 0.0, 0.0, 1.0]), "{loss:?}");
            assert_eq!(found.likelihood_displacement(), side([0.0, 0.0, 1.0, 0.0, 0.0, 0.0]), "{loss:?}");
            let rewards = found.rewards();
            for x in [
                &rewards.chosen,
                &rewards.rejected,
                &found.log_ratios.chosen,
                &found.margins(),
                &found.likelihood_displacement(),
            ] {
                assert!(!x.requires_grad(), "{loss:?}");
            }
        }
    }
}

/// The mean of `displaced` grows while a margin's loss falls: that is what it is there to show.
#[test]
fn displacement_is_seen_where_the_loss_does_not_see_it() {
    let zero = Pair { chosen: side([0.0; 6]), rejected: side([0.0; 6]) };
    let at = |policy: &Pair<Tensor>| losses_of_pairs(0.5)[0].evaluate(&PairLogps::new(policy, &zero).unwrap()).unwrap();
    let before = at(&zero);
    let after = at(&Pair { chosen: side([-1.0; 6]), rejected: side([-4.0; 6]) });
    assert!(after.losses.double_value(&[0]) < before.losses.double_value(&[0]));
    assert_eq!((before.likelihood_displacement(), after.likelihood_displacement()), (side([0.0; 6]), side([1.0; 6])));
}
