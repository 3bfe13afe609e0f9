//! A sweep over rules on a tiny model, judged by the words of its texts.
#![allow(clippy::unwrap_used)]

use align_data::Tokenizer;
use align_frontier::{
    JudgeFindings, JudgeSweep, JudgeSweepModels, JudgeSweepOptions, JudgedPolicy, PolicyKind, SamplingOptions,
    SweepFolder, judge_csv, run_judge_sweep, write_judge_outputs,
};
use align_inference::{Judge, TextMeasure};
use align_metrics::Bootstrap;
use align_models::Gpt2;
use align_train::{DpoConfig, StopSignal, TrainingConfig};
use std::path::Path;
use tch::{Device, Kind};

const PROMPTS: [&str; 4] = ["The film", "A good", "It was", "I saw"];

fn options() -> JudgeSweepOptions {
    let sampling = |texts_per_prompt, seed| SamplingOptions { texts_per_prompt, max_new_tokens: 10, seed };
    let training = TrainingConfig { learning_rate: 1e-3, max_steps: Some(3), ..TrainingConfig::default() };
    JudgeSweepOptions {
        judges: vec!["short".to_owned(), "long, very".to_owned()],
        weights: vec![1.0, 3.0],
        rules: vec!["weighted-sum:zscore".parse().unwrap(), "threshold:short>=-0.5".parse().unwrap()],
        soup_steps: 2,
        prompts: PROMPTS.map(str::to_owned).to_vec(),
        held_out: vec![3],
        training_texts: sampling(4, 1),
        pairs_per_prompt: 4,
        evaluation: sampling(3, 2),
        dpo: DpoConfig { training, ..DpoConfig::default() },
        bootstrap: Bootstrap::default(),
    }
}

fn sweep(dir: &Path, options: &JudgeSweepOptions, stop: &StopSignal) -> align_frontier::Result<Option<JudgeSweep>> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/data/models/gpt2-tiny");
    let sft = Gpt2::from_pretrained(&golden, Kind::Float, Device::Cpu).unwrap();
    let tokenizer = Tokenizer::from_pretrained(&golden).unwrap();
    let (short, long) = (TextMeasure::Words(4), TextMeasure::Words(30));
    let judges: [&dyn Judge; 2] = [&short, &long];
    let models = JudgeSweepModels { sft: &sft, tokenizer: &tokenizer, judges: &judges, batch_size: 16 };
    let folder = SweepFolder::open(dir, &serde_json::to_value(options).unwrap())?;
    run_judge_sweep(&models, options, &folder, stop, &mut |_| ())
}

fn finished(dir: &Path) -> JudgeSweep {
    sweep(dir, &options(), &StopSignal::default()).unwrap().unwrap()
}

/// Everything but the duration.
fn measured(sweep: &JudgeSweep) -> Vec<JudgedPolicy> {
    sweep.policies.iter().map(|policy| JudgedPolicy { seconds: 0.0, ..policy.clone() }).collect()
}

#[test]
fn the_sweep_trains_judges_rules_and_soups() {
    let dir = tempfile::tempdir().unwrap();
    let swept = finished(dir.path());
    let kinds: Vec<&PolicyKind> = swept.policies.iter().map(|policy| &policy.kind).collect();
    let rules = options().rules;
    assert_eq!(
        kinds,
        [
            &PolicyKind::Sft,
            &PolicyKind::Judge(0),
            &PolicyKind::Judge(1),
            &PolicyKind::Rule(rules[0].clone()),
            &PolicyKind::Rule(rules[1].clone()),
            &PolicyKind::Soup(vec![1, 1]),
        ]
    );
    for policy in &swept.policies {
        assert_eq!(policy.samples.len(), 12);
        for (judge, score) in policy.scores.iter().enumerate() {
            let mean = policy.samples.iter().map(|sample| sample.scores[judge]).sum::<f64>() / 12.0;
            assert!((score.value - mean).abs() < 1e-12, "{policy:?}");
        }
        let wanted = |sample: &align_frontier::JudgedSample, words: f64| {
            -(sample.text.split_whitespace().count() as f64 - words).abs() / words
        };
        assert!(policy.samples.iter().all(|sample| sample.scores == [wanted(sample, 4.0), wanted(sample, 30.0)]));
    }
    // By definition the texts before training have mean 0.
    assert!(swept.policies[0].evaluation.reward.value.abs() < 1e-12);
    assert_eq!(swept.policies[0].evaluation.policy_reference_kl.value, 0.0);
    assert!(swept.policies[1..].iter().all(|policy| policy.evaluation.policy_reference_kl.value > 0.0));
    assert!(swept.policies[1..5].iter().all(|policy| policy.pairs > 0) && swept.policies[5].pairs == 0);
    // The mean of two policies is between them, and they are trained in opposite directions.
    let kl = |index: usize| swept.policies[index].evaluation.policy_reference_kl.value;
    assert!(kl(5) < kl(1).max(kl(2)));

    let findings = JudgeFindings::new(&swept, &options()).unwrap();
    assert_eq!(findings.rules.len(), 3);
    assert_eq!(findings.against_sft.iter().map(Vec::len).collect::<Vec<_>>(), [2; 5]);
    let csv = judge_csv(&swept, &findings);
    assert!(
        csv.starts_with("policy,group,pairs,texts,score[short],") && csv.contains("\"score[long, very]_low\""),
        "{csv}"
    );
    assert_eq!(csv.lines().count(), 7);
    let folder = SweepFolder::open(dir.path(), &serde_json::to_value(options()).unwrap()).unwrap();
    write_judge_outputs(&folder, &swept, &findings, &Bootstrap::default(), Default::default()).unwrap();
    let page = std::fs::read_to_string(dir.path().join("report.html")).unwrap();
    assert!(page.contains("soup 1:1") && page.contains("threshold:short&gt;=-0.5"), "{page}");
    assert!(dir.path().join("judges_1_2.svg").exists() && dir.path().join("score_against_kl.svg").exists());
}

/// The hypervolumes of all policies, by hand: an area under a staircase, with the lowest means as the origin.
#[test]
fn hypervolumes_are_those_of_the_standard_means() {
    let dir = tempfile::tempdir().unwrap();
    let swept = finished(dir.path());
    let findings = JudgeFindings::new(&swept, &options()).unwrap();
    let scores = |policy: usize, judge: usize| -> Vec<f64> {
        swept.policies[policy].samples.iter().map(|sample| sample.scores[judge]).collect()
    };
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let standard_mean = |policy: usize, judge: usize| {
        let origin = mean(&scores(0, judge));
        let squares: Vec<f64> = scores(0, judge).iter().map(|score| (score - origin).powi(2)).collect();
        (mean(&scores(policy, judge)) - origin) / mean(&squares).sqrt()
    };
    let points: Vec<[f64; 2]> = (0..6).map(|policy| [standard_mean(policy, 0), standard_mean(policy, 1)]).collect();
    let lowest = |axis: usize| points.iter().map(|point| point[axis]).fold(f64::INFINITY, f64::min);
    let area = |policies: &[usize]| {
        let mut corners: Vec<[f64; 2]> =
            policies.iter().map(|policy| [points[*policy][0] - lowest(0), points[*policy][1] - lowest(1)]).collect();
        corners.sort_by(|a, b| b[0].total_cmp(&a[0]));
        let (mut area, mut height) = (0.0, 0.0);
        for [x, y] in corners {
            area += x * (y - f64::min(height, y));
            height = f64::max(height, y);
        }
        area
    };
    for (found, policies) in findings.hypervolumes.iter().zip([&[1, 2][..], &[1, 2, 5], &[3, 4], &[0, 1, 2, 3, 4, 5]]) {
        assert_eq!(found.policies, policies.len());
        assert!((found.volume.value - area(policies)).abs() < 1e-9, "{found:?}");
    }
    let difference = findings.soups_minus_rules.unwrap().value;
    assert!((difference - (area(&[1, 2, 5]) - area(&[3, 4]))).abs() < 1e-9);
}

#[test]
fn a_sweep_continues_with_the_same_results() {
    let dir = tempfile::tempdir().unwrap();
    let whole = finished(dir.path());
    // The soup needs both judges' policies, which the second process has to train again.
    std::fs::remove_file(dir.path().join("points/soup-1:1.json")).unwrap();
    std::fs::remove_file(dir.path().join("points/rule-2.json")).unwrap();
    assert_eq!(measured(&finished(dir.path())), measured(&whole));
    let stopped = StopSignal::default();
    stopped.stop();
    std::fs::remove_file(dir.path().join("points/judge-1.json")).unwrap();
    assert_eq!(sweep(dir.path(), &options(), &stopped).unwrap(), None);
}

#[test]
fn wrong_options_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let problem = |change: &dyn Fn(&mut JudgeSweepOptions)| {
        let mut options = options();
        change(&mut options);
        options.validate().unwrap_err().to_string()
    };
    assert!(problem(&|options| options.judges.truncate(1)).contains("expected 2 to 6, found 1"));
    assert!(problem(&|options| options.weights.push(1.0)).contains("expected one for each of 2 judges, found 3"));
    assert!(problem(&|options| options.weights = vec![0.0, 0.0]).contains("judges: "));
    assert!(
        problem(&|options| options.rules.push(options.rules[0].clone())).contains("weighted-sum:zscore occurs twice")
    );
    assert!(problem(&|options| options.rules = vec!["threshold:safe>=1".parse().unwrap()]).contains("safe"));
    assert!(problem(&|options| options.soup_steps = 101).contains("at most 100"));
    assert!(problem(&|options| options.dpo.sync_ref_model = true).contains("leave its options out"));
    let constant = JudgeSweepOptions { judges: vec!["short".to_owned(), "constant".to_owned()], ..options() };
    let folder = SweepFolder::open(dir.path(), &serde_json::to_value(&constant).unwrap()).unwrap();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/data/models/gpt2-tiny");
    let sft = Gpt2::from_pretrained(&golden, Kind::Float, Device::Cpu).unwrap();
    let tokenizer = Tokenizer::from_pretrained(&golden).unwrap();
    let (short, varied) = (TextMeasure::Words(4), TextMeasure::DistinctNgrams(90));
    let judges: [&dyn Judge; 2] = [&short, &varied];
    let models = JudgeSweepModels { sft: &sft, tokenizer: &tokenizer, judges: &judges, batch_size: 16 };
    let found = run_judge_sweep(&models, &constant, &folder, &StopSignal::default(), &mut |_| ());
    assert!(found.unwrap_err().to_string().contains("constant gives the same score to all texts"));
}
