//! Findings of a sweep with known numbers.
#![allow(clippy::unwrap_used)]

use align_data::pairing::PairingReport;
use align_frontier::{
    Evaluation, Findings, FrontierMeasure, LossSetting, Point, PolicyResult, ReportContext, Sample, Sweep, csv,
    figures, report,
};
use align_metrics::{Bootstrap, Diversity, Estimate, Interval, PairedComparison, SampleMean};

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
    assert_eq!(
        found.statements(&sweep())[1],
        "sigmoid, β = 0.1 has the highest mean reward (3.000 [2.950, 3.050]; SFT: 0.000 [−0.050, 0.050])."
    );
}

/// A comparison whose difference has this interval and p-value.
fn compared(low: f64, p_value: f64) -> PairedComparison {
    let interval = Interval { low, high: low + 0.5, level: 0.95 };
    let mean_difference = Estimate { value: low + 0.25, interval };
    PairedComparison { rows: PROMPTS, prompts: PROMPTS, mean_difference, win_rate: estimate(0.6), p_value }
}

#[test]
fn the_first_statement_says_which_losses_differ() {
    let mut found = findings();
    let first = |found: &Findings| found.statements(&sweep())[0].clone();
    // All differences over the common range are 0.4, in favour of sigmoid.
    assert_eq!(
        first(&found),
        "sigmoid has a higher reward than hinge at equal KL(policy ‖ SFT) (by 0.400 [0.400, 0.400])."
    );
    found.curve_comparisons[0].compared.paired = compared(-0.1, 0.3);
    assert_eq!(first(&found), "No two losses could be told apart.");
    // The interval alone is not enough.
    found.curve_comparisons[0].compared.paired = compared(0.1, 0.03);
    found.curve_comparisons[0].compared.adjusted_p_value = 0.06;
    assert_eq!(first(&found), "No two losses could be told apart.");
    found.curve_comparisons[0].compared.adjusted_p_value = 0.03;
    found.curve_comparisons.extend([found.curve_comparisons[0].clone(), found.curve_comparisons[0].clone()]);
    found.curve_comparisons[1].compared.adjusted_p_value = 0.2;
    let statements = found.statements(&sweep());
    assert_eq!(statements[2], "The losses of one other pair could not be told apart.", "{statements:?}");
    found.curve_comparisons.clear();
    assert!(first(&found).contains("none can be compared"));
}

#[test]
fn the_highest_reward_is_compared_with_that_before_training() {
    let found = findings();
    let statement = |against: PairedComparison| {
        let mut sweep = sweep();
        for (_, run) in &mut sweep.points {
            run.evaluation.against_reference = Some(against);
        }
        found.statements(&sweep)[1].clone()
    };
    let clear = "sigmoid, β = 0.1 has the highest mean reward, and a higher one than SFT (by 0.35 [0.10, 0.60]).";
    assert_eq!(statement(compared(0.1, 0.001)), clear);
    let unclear = "could not be told apart from that of SFT (difference 0.35 [0.10, 0.60], adjusted p = 0.080).";
    // 0.02 for the best of four points is 0.08 after Holm's correction.
    assert!(statement(compared(0.1, 0.02)).ends_with(unclear), "{}", statement(compared(0.1, 0.02)));
}

#[test]
fn the_report_shows_the_details_in_tables_and_one_colour_per_loss() {
    let (sweep, found) = (sweep(), findings());
    let report = report(&sweep, &found, &figures(&sweep, &found.best), ReportContext::default());
    let captions: Vec<&str> = report.tables.iter().map(|table| table.caption.as_str()).collect();
    let table = |part: &str| report.tables.iter().find(|table| table.caption.contains(part)).unwrap();
    assert_eq!(table("Losses at equal divergence").rows[0].name, "sigmoid − hinge", "{captions:?}");
    assert_eq!(table("the best point of each other loss").rows[0].name, "hinge, β = 0.1");
    let leading: Vec<&str> = table("highest reward in each range").rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(leading[0], "KL(policy ‖ SFT): 1.00 to 1.33");
    // No held-out prompts: the table says so, and has no empty column.
    let against = table("Comparison with SFT");
    assert!(against.caption.contains("No prompts were held out") && against.columns.len() == 3, "{against:?}");
    assert!(table("wall-clock").columns.iter().any(|column| column.title == "Time"));
    // A page of 1,400 pixels has room for eight columns.
    assert!(report.tables.iter().all(|table| table.columns.len() <= 8), "{captions:?}");

    let html = report.to_html().unwrap();
    assert!(html.contains("<p class=\"lead\">sigmoid has a higher reward than hinge"));
    let colour = |loss: &str| -> Vec<String> {
        let groups = html.split("<g>").filter(|group| group.starts_with(&format!("<title>{loss}, ")));
        let class = |group: &str| group.split_once("fill-series-").map(|(_, rest)| rest[..1].to_owned());
        groups.filter_map(class).collect()
    };
    for (loss, expected) in [("sigmoid", "0"), ("hinge", "1")] {
        let found = colour(loss);
        // Two points in two figures of two layouts each, and one histogram.
        assert_eq!(found, vec![expected; 9], "{loss}");
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
