//! The findings and the report of a comparison with known rewards.
#![allow(clippy::unwrap_used)]

use align_data::ScoredText;
use align_frontier::{ComparedPolicy, Comparison, PolicyComparison, PolicyPair, TrainedPolicy};
use align_metrics::{Bootstrap, EvaluationReport, PairedComparison, SampleMean};
use align_report::{Cell, Figure, SeriesColour};

const PROMPTS: usize = 12;

fn policy(name: &str, rewards: &[f64]) -> ComparedPolicy {
    let ids: Vec<[i64; 3]> = (0..rewards.len()).map(|row| [1, 2, row as i64]).collect();
    let text = |(row, reward): (usize, &f64)| ScoredText::new(format!("prompt {row}"), format!("text {row}"), *reward);
    ComparedPolicy {
        name: name.to_owned(),
        texts: rewards.iter().enumerate().map(text).collect(),
        report: EvaluationReport::of(&ids, None, Some(rewards), &Bootstrap::default()).unwrap(),
        chao_wang_jost: 1.0,
    }
}

fn paired(first: &ComparedPolicy, second: &ComparedPolicy) -> PairedComparison {
    PairedComparison::of(&first.rewards(), &second.rewards(), None, &Bootstrap::default()).unwrap()
}

/// hinge is above SFT on every prompt, and sigmoid on every second one. `gap` is how far hinge is above sigmoid.
fn comparison(gap: [f64; 2]) -> PolicyComparison {
    let alternating = |values: [f64; 2]| (0..PROMPTS).map(|prompt| values[prompt % 2]).collect::<Vec<f64>>();
    let sft = policy("SFT", &alternating([0.0, 0.5]));
    let hinge = policy("hinge", &alternating([1.0, 1.5]));
    let sigmoid = policy("sigmoid", &alternating([1.0 - gap[0], 1.5 - gap[1]]));
    let kl = SampleMean { value: 1.0, standard_error: 0.1, n: PROMPTS, clusters: PROMPTS };
    let trained = |policy: &ComparedPolicy| TrainedPolicy {
        policy: policy.clone(),
        rewards: paired(policy, &sft),
        held_out: None,
        kl_policy_reference: kl,
        kl_reference_policy: kl,
    };
    let pair = paired(&hinge, &sigmoid);
    let rewards = Comparison { paired: pair, adjusted_p_value: pair.p_value };
    PolicyComparison {
        policies: vec![trained(&hinge), trained(&sigmoid)],
        pairs: vec![PolicyPair { above: "hinge".to_owned(), below: "sigmoid".to_owned(), rewards }],
        reference: sft,
        texts_per_prompt: 1,
    }
}

#[test]
fn the_first_finding_compares_the_trained_policies() {
    let apart = comparison([1.0, 1.0]).findings();
    assert_eq!(apart[0], "hinge has a higher reward than sigmoid (by 1.000 [1.000, 1.000]).");
    assert_eq!(apart[1], "hinge has a higher reward than SFT (by 1.000 [1.000, 1.000]).");
    assert!(
        apart[2].starts_with("The rewards of sigmoid and SFT could not be told apart (difference 0.0"),
        "{apart:?}"
    );
    // Above on one half of the prompts and below on the other.
    let close = comparison([1.0, -0.8]).findings();
    assert!(
        close[0].starts_with("The rewards of hinge and sigmoid could not be told apart (difference 0.1"),
        "{close:?}"
    );
}

#[test]
fn the_tables_compare_all_models_and_say_what_is_missing() {
    let comparison = comparison([1.0, 1.0]);
    let tables = comparison.tables("");
    let names: Vec<&str> = tables[1].rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["hinge − SFT", "sigmoid − SFT", "hinge − sigmoid"]);
    assert!(!tables[1].columns.iter().any(|column| column.title.contains("held-out")));
    assert!(tables[1].caption.contains("No prompts are known to be held out"), "{}", tables[1].caption);
    // ± is 1.96 standard errors, half of the 95% interval.
    let Some(Cell::Number(kl)) = tables[1].rows[0].cells.get(2) else { unreachable!("{:?}", tables[1].rows[0]) };
    assert!((kl.interval.unwrap().high - 1.196).abs() < 1e-4, "{kl:?}");
    let figures = comparison.reward_figures("");
    let Figure::Histogram(histogram) = &figures[0].figure else { unreachable!("{:?}", figures[0]) };
    assert_eq!(histogram.groups[0].colour, SeriesColour::Baseline);
}
