//! GRPO's and RLOO's losses against a second implementation in plain float64, and their gradients in closed form against its
//! differences and LibTorch's graph.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod advantages;
mod drawn;
mod plain;
mod refusals;

use align_losses::{GroupPolicyLoss, GrpoLoss, Mean, Over, RlooLoss, RlooOptions};
use drawn::{batches, options, table, tokens};
use plain::Completion;
use tch::Tensor;

const STEP: f64 = 1e-6;

fn near(what: &str, found: f64, expected: f64, relative: f64, absolute: f64) {
    assert!(
        (found - expected).abs() <= relative * expected.abs() + absolute,
        "{what}: found {found}, expected {expected}"
    );
}

/// Loss and gradient in closed form against a plain function, its central differences, and the graph.
fn compare(loss: &dyn GroupPolicyLoss, completions: &[Completion], plain: impl Fn(&[Completion]) -> f64) -> usize {
    let logps = table(completions, |c| &c.logps).set_requires_grad(true);
    let output = loss.loss_and_gradient(&tokens(completions, &logps)).unwrap();
    near(&format!("{loss:?}"), output.loss.value, plain(completions), 1e-12, 1e-15);
    let graph = loss.loss(&tokens(completions, &logps)).unwrap();
    near(&format!("{loss:?}, graph"), graph.double_value(&[]), plain(completions), 1e-12, 1e-15);
    graph.backward();
    let by_graph: Vec<Vec<f64>> = Vec::try_from(logps.grad()).unwrap();
    let gradient: Vec<Vec<f64>> = Vec::try_from(&output.gradient).unwrap();
    let mut compared = 0;
    for (row, found) in gradient.iter().enumerate() {
        for (token, found) in found.iter().enumerate() {
            let what = format!("{loss:?}, row {row}, token {token}");
            near(&what, *found, by_graph[row][token], 1e-12, 1e-16);
            let has_none = loss.is_zero_without_advantage() && completions[row].advantage == 0.0;
            if token >= completions[row].logps.len() || !completions[row].counts || has_none {
                assert_eq!(*found, 0.0, "{what}");
                continue;
            }
            let at = |step: f64| {
                let mut moved = completions.to_vec();
                moved[row].logps[token] += step;
                plain(&moved)
            };
            let (left, right) = ((at(0.0) - at(-STEP)) / STEP, (at(STEP) - at(0.0)) / STEP);
            // A ratio within a step of the end of the clip has two slopes.
            if (left - right).abs() <= 1e-3 * (left.abs() + right.abs()) + 1e-8 {
                near(&what, *found, (at(STEP) - at(-STEP)) / (2.0 * STEP), 1e-6, 1e-8);
                compared += 1;
            }
        }
    }
    compared
}

#[test]
fn grpo_equals_a_plain_implementation() {
    let (mut compared, mut cases) = (0, 0);
    for options in options() {
        let loss = GrpoLoss::new(options).unwrap();
        for completions in batches() {
            compared += compare(&loss, &completions, |now| plain::grpo(&options, now, &completions));
            cases += 1;
        }
    }
    assert!(cases > 300 && compared > 20 * cases, "{compared} numbers of {cases} cases");
}

#[test]
fn rloo_equals_a_plain_implementation() {
    for (epsilon, epsilon_high) in [(0.2, None), (0.1, Some(0.9)), (0.0, None)] {
        let options = RlooOptions { epsilon, epsilon_high };
        let loss = RlooLoss::new(options).unwrap();
        for completions in batches() {
            compare(&loss, &completions, |now| plain::rloo(&options, now));
        }
    }
}

/// Without old log-probabilities they are those of the policy, as constants.
#[test]
fn on_policy_tokens_have_a_ratio_of_one() {
    for options in options() {
        let loss = GrpoLoss::new(options).unwrap();
        for completions in batches() {
            let on_policy: Vec<Completion> =
                completions.iter().map(|c| Completion { old: c.logps.clone(), ..c.clone() }).collect();
            let logps = table(&on_policy, |c| &c.logps);
            let given = loss.loss_and_gradient(&tokens(&on_policy, &logps)).unwrap();
            let mask = table(&on_policy, |c| &c.logps).isfinite().logical_and(&logps.not_equal(77.0));
            let counts: Vec<bool> = on_policy.iter().map(|c| c.counts).collect();
            let mask = mask.logical_and(&Tensor::from_slice(&counts).unsqueeze(1));
            let advantages: Vec<f64> = on_policy.iter().map(|c| c.advantage).collect();
            let implied = align_losses::PolicyTokens::new(&logps, &mask, &Tensor::from_slice(&advantages)).unwrap();
            let implied = implied.with_reference_logps(&table(&on_policy, |c| &c.reference)).unwrap();
            let implied = loss.loss_and_gradient(&implied).unwrap();
            assert_eq!(given.loss, implied.loss, "{options:?}");
            assert_eq!(given.gradient, implied.gradient, "{options:?}");
            assert_eq!(given.statistics, implied.statistics, "{options:?}");
        }
    }
}

/// A batch is the mean of its parts, by the counts that they state. So it can be computed in micro-batches and by several processes.
#[test]
fn a_batch_is_the_mean_of_its_parts() {
    let rloo = Box::new(RlooLoss::new(RlooOptions::default()).unwrap()) as Box<dyn GroupPolicyLoss>;
    let grpo =
        options().into_iter().map(|options| Box::new(GrpoLoss::new(options).unwrap()) as Box<dyn GroupPolicyLoss>);
    for loss in grpo.chain([rloo]) {
        for completions in batches() {
            let of = |part: &[Completion]| loss.loss_and_gradient(&tokens(part, &table(part, |c| &c.logps))).unwrap();
            let (whole, first, second) = (of(&completions), of(&completions[..2]), of(&completions[2..]));
            let mean = Mean::combine([first.loss, second.loss]).unwrap();
            near(&format!("{loss:?}"), mean.value, whole.loss.value, 1e-12, 1e-15);
            assert_eq!((mean.count, mean.over), (whole.loss.count, whole.loss.over));
            assert_eq!(whole.loss.over, loss.mean_over());
            let expected = match loss.mean_over() {
                Over::Tokens => 23.0,
                _ => 6.0,
            };
            assert_eq!(whole.loss.count, expected);
            let scaled = second.gradient * (second.loss.count / whole.loss.count);
            let difference = (whole.gradient.narrow(0, 2, 4).narrow(1, 0, 7) - scaled).abs().max();
            assert!(difference.double_value(&[]) < 1e-14, "{loss:?}");
            let combined = align_losses::PolicyStatistics::combine(&[first.statistics, second.statistics]);
            for ((name, found), (_, expected)) in combined.means().zip(whole.statistics.means()) {
                near(name, found.value, expected.value, 1e-12, 1e-15);
            }
            assert_eq!(combined.clip_low_min, whole.statistics.clip_low_min);
            assert_eq!(combined.clip_high_max, whole.statistics.clip_high_max);
        }
    }
}
