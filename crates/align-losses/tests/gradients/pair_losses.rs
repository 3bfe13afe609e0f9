use super::assert_slope;
use super::common::combinations::{losses_of_batches, losses_of_pairs};
use super::common::{Drawn, differences, tensors, values};
use align_losses::{Pair, PairLogps, PairLoss};
use tch::Tensor;

const BETA: f64 = 0.35;

/// Compares the gradient on one batch; gives how many numbers were compared, and how many stood at a kink.
fn compare(loss: &dyn PairLoss, drawn: &Drawn, weighted: bool) -> (usize, usize) {
    let logps = |policy: &[Vec<f64>]| {
        let policy = Pair { chosen: policy[0].clone(), rejected: policy[1].clone() };
        let logps = PairLogps::new(&tensors(&policy), &tensors(&drawn.reference)).unwrap();
        let logps = logps.with_tokens(&tensors(&drawn.tokens)).unwrap();
        if weighted { logps.with_weights(&Tensor::from_slice(&drawn.weights)).unwrap() } else { logps }
    };
    let policy = [drawn.policy.chosen.clone(), drawn.policy.rejected.clone()];
    let (_, gradient) = loss.evaluate_with_gradient(&logps(&policy)).unwrap();
    let gradient = [values(&gradient.chosen), values(&gradient.rejected)];
    let losses = |policy: &[Vec<f64>]| values(&loss.evaluate(&logps(policy)).unwrap().losses);
    let (mut compared, mut kinks) = (0, 0);
    for (side, row, slope) in differences(&policy, losses) {
        match slope {
            Some(slope) => {
                assert_slope(&format!("{loss:?}, side {side}, row {row}"), gradient[side][row], slope);
                compared += 1;
            }
            None => kinks += 1,
        }
    }
    (compared, kinks)
}

fn compare_all(losses: &[Box<dyn PairLoss>], purpose: &str, weighted: bool) {
    let (mut compared, mut kinks) = (0, 0);
    for loss in losses {
        for drawn in Drawn::several(purpose) {
            let (more, at_kinks) = compare(loss, &drawn, weighted);
            (compared, kinks) = (compared + more, kinks + at_kinks);
        }
    }
    assert!(compared > 100 && kinks * 100 < compared, "{kinks} kinks beside {compared} numbers");
}

#[test]
fn losses_of_pairs_have_the_gradient_of_differences() {
    let losses = losses_of_pairs(BETA);
    assert!(losses.len() > 250, "{} combinations", losses.len());
    compare_all(&losses, "differences", false);
}

#[test]
fn weights_of_pairs_count_in_the_gradient() {
    compare_all(&losses_of_pairs(BETA), "weighted", true);
}

#[test]
fn losses_of_batches_have_the_gradient_of_differences() {
    compare_all(&losses_of_batches(BETA), "batches", false);
}
