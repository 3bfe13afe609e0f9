//! Findings of a sweep with known numbers.
#![allow(clippy::unwrap_used)]

use align_data::pairing::PairingReport;
use align_frontier::{Evaluation, Findings, FrontierMeasure, LossSetting, Point, PolicyResult, Sample, Sweep, csv};
use align_metrics::{Bootstrap, Diversity, Estimate, Interval, SampleMean};

const PROMPTS: usize = 10;
/// Half-width of the intervals.
const REACH: f64 = 0.05;

fn loss(name: &str) -> LossSetting {
    name.parse().unwrap()
}

fn estimate(value: f64) -> Estimate {
    Estimate { value, interval: Interval { low: value - REACH, high: value + REACH, level: 0.95 } }
}

fn measured(kl: f64, entropy: f64, reward: f64) -> PolicyResult {
    let sample = |prompt| Sample { prompt, ids: vec![1, 2, 3], text: format!("{prompt}"), reward };
    let samples: Vec<Sample> = (0..PROMPTS).map(sample).collect();
    let ids: Vec<&[i64]> = samples.iter().map(|sample| sample.ids.as_slice()).collect();
    let divergence = SampleMean { value: kl, standard_error: 0.1, n: PROMPTS, clusters: PROMPTS };
    let evaluation = Evaluation {
        reward: estimate(reward),
        held_out_reward: None,
        token_entropy: estimate(entropy),
        corrected_token_entropy: entropy,
        policy_reference_kl: divergence,
        policy_reference_k1: divergence,
        reference_policy_kl: divergence,
        diversity: Diversity::of(&ids, &[1], None).unwrap(),
        against_reference: None,
    };
    PolicyResult { evaluation, samples, training: Vec::new(), seconds: 0.0 }
}

/// In terms of divergence, hinge is above sigmoid at 1 nat and below it at 3. In terms of entropy, sigmoid is above
/// wherever both have points.
fn sweep() -> Sweep {
    let point = |name, beta, kl, entropy, reward| (Point { loss: loss(name), beta }, measured(kl, entropy, reward));
    Sweep {
        sft: measured(0.0, 5.0, 0.0),
        points: vec![
            point("sigmoid", 1.0, 1.0, 4.9, 1.0),
            point("sigmoid", 0.1, 3.0, 4.5, 3.0),
            point("hinge", 1.0, 1.0, 4.8, 1.2),
            point("hinge", 0.1, 3.0, 4.4, 2.0),
        ],
        pairing: PairingReport::default(),
    }
}

fn findings() -> Findings {
    Findings::new(&sweep(), &Bootstrap::default()).unwrap()
}

#[test]
fn only_undominated_points_are_on_the_front() {
    let found = findings();
    // For the same divergence, hinge at 1 has a higher reward than sigmoid at 1, and sigmoid at 0.1 than hinge at 0.1.
    assert_eq!(found.kl_front, [0, 2, 3]);
    assert_eq!(found.entropy_front, [0, 1, 2, 3]);
    assert!(found.is_on_kl_front(3) && !found.is_on_kl_front(1) && !found.is_on_entropy_front(4));
}

#[test]
fn a_loss_leads_where_its_curve_is_highest() {
    let leading_losses: Vec<_> =
        findings().leading_losses.into_iter().filter(|lead| lead.measure == FrontierMeasure::Kl).collect();
    let names: Vec<String> = leading_losses.iter().map(|lead| lead.leader.to_string()).collect();
    assert_eq!(names, ["hinge", "sigmoid"]);
    // 1 + u meets 1.2 + 0.4 u at u = 1/3.
    let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
    assert!(
        close(leading_losses[0].from, 1.0)
            && close(leading_losses[0].to, 4.0 / 3.0)
            && close(leading_losses[1].to, 3.0),
        "{leading_losses:?}"
    );
    // The intervals do not overlap before u = 1/6, half of hinge's range, and after u = 1/2.
    assert!(close(leading_losses[0].beyond_intervals, 0.5), "{leading_losses:?}");
    assert!(close(leading_losses[1].beyond_intervals, 0.9), "{leading_losses:?}");
}

#[test]
fn two_losses_are_compared_over_their_common_range() {
    let mut sweep = sweep();
    // Both curves cover the range from 2 to 3 nats, where the mean reward is 2.5 for sigmoid and 1.4 for hinge.
    sweep.points[2].1.evaluation.policy_reference_kl.value = 2.0;
    sweep.points[3].1.evaluation.policy_reference_kl.value = 4.0;
    let curve_comparisons = Findings::new(&sweep, &Bootstrap::default()).unwrap().curve_comparisons;
    assert_eq!(curve_comparisons.len(), 1);
    let comparison = &curve_comparisons[0];
    assert_eq!(
        (comparison.from, comparison.to, comparison.above, comparison.below),
        (2.0, 3.0, loss("sigmoid"), loss("hinge"))
    );
    let found = comparison.compared.paired.mean_difference;
    assert!((found.value - (2.5 - 1.4)).abs() < 1e-9 && found.interval.low > 1.0, "{found:?}");
}

#[test]
fn the_best_points_are_compared_on_equal_prompts() {
    let found = findings();
    assert_eq!(found.best, [1, 3]);
    let (other, compared) = &found.best_comparisons[0];
    assert_eq!((*other, compared.paired.prompts), (3, PROMPTS));
    assert_eq!(compared.paired.mean_difference.value, 1.0);
    // All ten differences have the same sign, so 2 of the 2^10 sign flips are as extreme. The p-value samples the flips.
    assert!(compared.paired.p_value < 0.01, "{}", compared.paired.p_value);
    // A single comparison needs no adjustment.
    assert_eq!(compared.adjusted_p_value, compared.paired.p_value);
    let statements = found.statements(&sweep()).join("\n");
    for part in [
        "Between 1.00 and 3.00 nats of KL(policy ‖ SFT), the mean reward with sigmoid is higher than with hinge by 0.400",
        "Along KL(policy ‖ SFT) from 1.00 to 3.00 nats, the loss with the highest reward is sigmoid on 83%, hinge on 17% of the \
         range; with its interval above all others: sigmoid on 75%, hinge on 8%.",
        "Pareto front of high reward and low KL: SFT; sigmoid, β = 0.1; hinge, β = 1",
        "The highest mean reward is that of sigmoid, β = 0.1: 3.000 [2.950, 3.050]",
        "higher than hinge, β = 0.1, the best point of another loss, by 1.000",
        "): significant",
    ] {
        assert!(statements.contains(part), "{part}\n{statements}");
    }
}

#[test]
fn losses_without_common_range_are_not_compared() {
    let mut sweep = sweep();
    for (_, run) in &mut sweep.points[2..] {
        run.evaluation.policy_reference_kl.value += 10.0;
    }
    let found = Findings::new(&sweep, &Bootstrap::default()).unwrap();
    assert!(
        found.leading_losses.iter().all(|lead| lead.measure == FrontierMeasure::Entropy),
        "{:?}",
        found.leading_losses
    );
    assert!(found.statements(&sweep)[0].contains("none can be compared"), "{:?}", found.statements(&sweep));
}

#[test]
fn csv_has_one_row_per_policy_with_sft_first() {
    let text = csv(&sweep(), &findings());
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 6);
    assert!(rows.iter().all(|row| row.len() == rows[0].len()));
    let column = |name: &str| {
        let at = rows[0].iter().position(|found| *found == name).unwrap();
        rows[1..].iter().map(|row| row[at]).collect::<Vec<_>>()
    };
    assert_eq!(column("loss"), ["SFT", "sigmoid", "sigmoid", "hinge", "hinge"]);
    assert_eq!(column("beta"), ["", "1", "0.1", "1", "0.1"]);
    assert_eq!(column("reward"), ["0", "1", "3", "1.2", "2"]);
    assert_eq!(column("kl_policy_reference_se"), ["0.1"; 5]);
    assert_eq!(column("on_kl_front"), ["true", "false", "true", "true", "false"]);
    assert_eq!(column("held_out_reward"), [""; 5]);
}
