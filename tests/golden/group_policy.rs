//! GRPO's and RLOO's losses and advantages, compared with `group_policy.json`, which TRL gave to `python/group_policy.py`.

use align_losses::{
    GroupPolicyLoss, GroupRewards, GrpoLoss, GrpoOptions, MultiObjectiveAggregation, PolicyTokens,
    RlooAdvantageOptions, RlooLoss, RlooOptions, ScaleRewards, grpo_advantages, mask_truncated, rloo_advantages,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use tch::{Device, Kind, Tensor};

/// TRL computes fractions of ratios and SAPO's temperatures in float32; other losses and gradients agree to 1e-10.
const TOLERANCE: f64 = 1e-6;
const FLOAT64: f64 = 1e-10;

#[derive(Deserialize)]
struct Golden {
    tensors: BTreeMap<String, Vec<Vec<f64>>>,
    lengths: Vec<i64>,
    advantages: Vec<f64>,
    grpo: Vec<LossCase>,
    rloo: Vec<LossCase>,
    rewards: BTreeMap<String, Vec<[Option<f64>; 2]>>,
    group_size: usize,
    advantage_cases: BTreeMap<String, Vec<AdvantageCase>>,
}

#[derive(Deserialize)]
struct LossCase {
    options: Map<String, Value>,
    old: bool,
    truncated: Vec<usize>,
    loss: f64,
    gradient: Vec<Vec<f64>>,
    metrics: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
struct AdvantageCase {
    rewards: String,
    options: AdvantageOptions,
    beta: f64,
    kl: Option<Vec<f64>>,
    advantages: Vec<f64>,
    metrics: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
struct AdvantageOptions {
    reward_weights: [f64; 2],
    scale_rewards: Option<ScaleRewards>,
    multi_objective_aggregation: Option<MultiObjectiveAggregation>,
    reward_clip_range: Option<(f64, f64)>,
    normalize_advantages: Option<bool>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("group_policy.json")).unwrap()
}

fn assert_near(what: &str, found: f64, expected: f64) {
    assert_within(what, found, expected, TOLERANCE);
}

fn assert_within(what: &str, found: f64, expected: f64, tolerance: f64) {
    let near = (found - expected).abs() <= tolerance * expected.abs() + 1e-12;
    assert!(near, "{what}: {found}, TRL has {expected}");
}

fn table(values: &[Vec<f64>]) -> Tensor {
    Tensor::from_slice2(values)
}

fn tokens(golden: &Golden, case: &LossCase) -> PolicyTokens {
    let tensor = |name: &str| table(&golden.tensors[name]);
    let logps = tensor("logps");
    let positions = Tensor::arange(logps.size()[1], (Kind::Int64, Device::Cpu));
    let mask = positions.unsqueeze(0).lt_tensor(&Tensor::from_slice(&golden.lengths).unsqueeze(1));
    let truncated: Vec<bool> = (0..golden.lengths.len()).map(|row| case.truncated.contains(&row)).collect();
    let mask = mask_truncated(&mask, &Tensor::from_slice(&truncated)).unwrap();
    let tokens = PolicyTokens::new(&logps, &mask, &Tensor::from_slice(&golden.advantages)).unwrap();
    let tokens = tokens.with_reference_logps(&tensor("reference")).unwrap();
    if case.old { tokens.with_old_logps(&tensor("old")).unwrap() } else { tokens }
}

fn options<T: DeserializeOwned>(case: &LossCase) -> T {
    serde_json::from_value(Value::Object(case.options.clone())).unwrap()
}

/// Compares loss, gradient and metrics; returns how many numbers were compared.
fn assert_case(golden: &Golden, case: &LossCase, loss: &dyn GroupPolicyLoss) -> usize {
    let what = format!("{:?}, old {}, truncated {:?}", case.options, case.old, case.truncated);
    let output = loss.loss_and_gradient(&tokens(golden, case)).unwrap();
    let tolerance = if case.options.get("loss_type").is_some_and(|name| name == "sapo") { TOLERANCE } else { FLOAT64 };
    assert_within(&format!("{what}, loss"), output.loss.value, case.loss, tolerance);
    let gradient: Vec<Vec<f64>> = Vec::try_from(&output.gradient).unwrap();
    for (row, (found, expected)) in gradient.iter().zip(&case.gradient).enumerate() {
        for (t, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert_within(&format!("{what}, gradient of row {row}, token {t}"), *found, *expected, tolerance);
        }
    }
    let statistics = &output.statistics;
    let mut metrics: BTreeMap<&str, f64> = statistics.means().map(|(name, mean)| (name, mean.value)).collect();
    metrics.extend(statistics.clip_low_min.map(|value| ("clip_ratio/low_min", value)));
    metrics.extend(statistics.clip_high_max.map(|value| ("clip_ratio/high_max", value)));
    assert_eq!(metrics.keys().copied().collect::<Vec<_>>(), case.metrics.keys().collect::<Vec<_>>(), "{what}");
    for (name, expected) in &case.metrics {
        // TRL computes the fractions in float32.
        assert_near(&format!("{what}, {name}"), metrics[name.as_str()], *expected);
    }
    1 + golden.lengths.iter().sum::<i64>() as usize + metrics.len()
}

#[test]
fn grpo_has_the_losses_and_gradients_of_trl() {
    let golden = golden();
    assert!(golden.grpo.len() > 90, "{} cases", golden.grpo.len());
    let compared: usize = golden
        .grpo
        .iter()
        .map(|case| assert_case(&golden, case, &GrpoLoss::new(options::<GrpoOptions>(case)).unwrap()))
        .sum();
    assert!(compared > 2500, "{compared}");
    // The clip acts in the cases.
    let clipped =
        golden.grpo.iter().filter(|case| case.metrics.get("clip_ratio/region_mean").is_some_and(|x| *x > 0.0));
    assert!(clipped.count() > 10);
}

#[test]
fn rloo_has_the_losses_and_gradients_of_trl() {
    let golden = golden();
    assert!(golden.rloo.len() > 8);
    for case in &golden.rloo {
        assert_case(&golden, case, &RlooLoss::new(options::<RlooOptions>(case)).unwrap());
    }
}

#[test]
fn advantages_are_those_of_trl() {
    let golden = golden();
    for (kind, cases) in &golden.advantage_cases {
        assert!(cases.len() > 10);
        for case in cases {
            let column = |index: usize| golden.rewards[&case.rewards].iter().map(|row| row[index]).collect();
            let [first, second] = case.options.reward_weights;
            let functions = vec![("first".into(), first, column(0)), ("second".into(), second, column(1))];
            let rewards = GroupRewards::new(golden.group_size, functions).unwrap();
            let AdvantageOptions { scale_rewards, multi_objective_aggregation, .. } = case.options;
            let found = match kind.as_str() {
                "grpo" => grpo_advantages(&rewards, scale_rewards.unwrap(), multi_objective_aggregation.unwrap()),
                _ => {
                    let options = RlooAdvantageOptions {
                        beta: case.beta,
                        reward_clip_range: case.options.reward_clip_range,
                        normalize_advantages: case.options.normalize_advantages.unwrap(),
                    };
                    rloo_advantages(&rewards, case.kl.as_deref().unwrap_or_default(), &options).unwrap()
                }
            };
            let what = format!("{kind}, {}, {:?} {:?}", case.rewards, scale_rewards, multi_objective_aggregation);
            assert_eq!(found.len(), case.advantages.len());
            for (row, (found, expected)) in found.iter().zip(&case.advantages).enumerate() {
                // TRL's divergences are float32.
                let tolerance = if case.kl.is_some() { 1e-6 } else { 1e-12 };
                let near = (found - expected).abs() <= TOLERANCE * expected.abs() + tolerance;
                assert!(near, "{what}, completion {row}: {found}, TRL has {expected}");
            }
            let statistics = rewards.statistics();
            assert_near(&what, statistics.reward.unwrap(), case.metrics["reward"]);
            assert_near(&what, statistics.reward_std.unwrap(), case.metrics["reward_std"]);
            for (name, mean, std) in &statistics.functions {
                assert_near(&what, mean.unwrap(), case.metrics[&format!("rewards/{name}/mean")]);
                assert_near(&what, std.unwrap(), case.metrics[&format!("rewards/{name}/std")]);
            }
            if scale_rewards == Some(ScaleRewards::Group)
                && multi_objective_aggregation == Some(MultiObjectiveAggregation::SumThenNormalize)
            {
                assert_near(&what, statistics.frac_reward_zero_std, case.metrics["frac_reward_zero_std"]);
            }
        }
    }
}
