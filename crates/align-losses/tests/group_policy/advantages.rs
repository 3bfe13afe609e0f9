//! Advantages against loops over groups, and their properties.

use super::near;
use align_losses::{
    GroupRewards, MultiObjectiveAggregation, RlooAdvantageOptions, ScaleRewards, grpo_advantages, rloo_advantages,
};
use rand::RngExt;

/// Rewards of 5 groups of 3 completions by two functions.
fn drawn(index: u64) -> [Vec<f64>; 2] {
    let mut rng = align_base::random::generator(20_261_129, "advantages", index);
    [(), ()].map(|()| (0..15).map(|_| rng.random_range(-3.0..3.0)).collect())
}

fn rewards(values: &[Vec<f64>; 2], weights: [f64; 2]) -> GroupRewards {
    let [a, b] = values.clone().map(|all| all.into_iter().map(Some).collect());
    GroupRewards::new(3, vec![("a".into(), weights[0], a), ("b".into(), weights[1], b)]).unwrap()
}

fn mean(all: &[f64]) -> f64 {
    all.iter().sum::<f64>() / all.len() as f64
}

fn std(all: &[f64]) -> f64 {
    (all.iter().map(|x| (x - mean(all)).powi(2)).sum::<f64>() / (all.len() - 1) as f64).sqrt()
}

#[test]
fn grpo_centres_and_scales_rewards() {
    for index in 0..5 {
        let (values, weights) = (drawn(index), [0.7, -1.2]);
        let sums: Vec<f64> = (0..15).map(|i| weights[0] * values[0][i] + weights[1] * values[1][i]).collect();
        for scale in ScaleRewards::ALL {
            let found = grpo_advantages(&rewards(&values, weights), scale, Default::default());
            for (i, found) in found.iter().enumerate() {
                let group = &sums[i / 3 * 3..i / 3 * 3 + 3];
                let divisor = match scale {
                    ScaleRewards::Group => std(group) + 1e-4,
                    ScaleRewards::Batch => std(&sums) + 1e-4,
                    _ => 1.0,
                };
                near(&format!("{scale}"), *found, (sums[i] - mean(group)) / divisor, 1e-12, 1e-14);
            }
        }
        let found = grpo_advantages(
            &rewards(&values, weights),
            ScaleRewards::Group,
            MultiObjectiveAggregation::NormalizeThenSum,
        );
        let each = |function: usize, i: usize| {
            let group = &values[function][i / 3 * 3..i / 3 * 3 + 3];
            weights[function] * (values[function][i] - mean(group)) / (std(group) + 1e-4)
        };
        let sums: Vec<f64> = (0..15).map(|i| each(0, i) + each(1, i)).collect();
        for (i, found) in found.iter().enumerate() {
            near("normalize_then_sum", *found, (sums[i] - mean(&sums)) / (std(&sums) + 1e-4), 1e-12, 1e-14);
        }
    }
}

#[test]
fn rloo_compares_with_the_other_completions() {
    let kl: Vec<f64> = (0..15).map(|i| f64::from(i % 4) - 1.0).collect();
    for index in 0..5 {
        let values = drawn(index);
        for (beta, clip) in [(0.0, None), (0.3, None), (0.3, Some((-1.0, 2.0)))] {
            let options = RlooAdvantageOptions { beta, reward_clip_range: clip, normalize_advantages: false };
            let reward = |i: usize| {
                let sum = values[0][i] + 0.5 * values[1][i];
                clip.map_or(sum, |(low, high)| sum.clamp(low, high)) - beta * kl[i]
            };
            let expected = |i: usize| {
                let others = (i / 3 * 3..i / 3 * 3 + 3).filter(|other| *other != i);
                reward(i) - others.map(reward).sum::<f64>() / 2.0
            };
            let found = rloo_advantages(&rewards(&values, [1.0, 0.5]), &kl, &options).unwrap();
            found.iter().enumerate().for_each(|(i, found)| near("rloo", *found, expected(i), 1e-12, 1e-13));
            let all: Vec<f64> = (0..15).map(expected).collect();
            let options = RlooAdvantageOptions { normalize_advantages: true, ..options };
            let found = rloo_advantages(&rewards(&values, [1.0, 0.5]), &kl, &options).unwrap();
            for (i, found) in found.iter().enumerate() {
                near("normalised", *found, (all[i] - mean(&all)) / (std(&all) + 1e-4), 1e-12, 1e-13);
            }
        }
    }
}

#[test]
fn completions_without_reward_teach_nothing() {
    let values = vec![Some(1.0), None, Some(3.0), None, None, Some(7.0)];
    let rewards = GroupRewards::new(3, vec![("a".into(), 2.0, values)]).unwrap();
    assert_eq!(rewards.combined(), [Some(2.0), None, Some(6.0), None, None, Some(14.0)]);
    assert_eq!(grpo_advantages(&rewards, ScaleRewards::None, Default::default()), [-2.0, 0.0, 2.0, 0.0, 0.0, 0.0]);
    let options = RlooAdvantageOptions { beta: 0.0, ..Default::default() };
    assert_eq!(rloo_advantages(&rewards, &[], &options).unwrap(), [-4.0, 0.0, 4.0, 0.0, 0.0, 0.0]);
    let statistics = rewards.statistics();
    assert_eq!(statistics.functions, [("a".to_owned(), Some(11.0 / 3.0), Some(28f64.sqrt() / 3f64.sqrt()))]);
    assert_eq!((statistics.reward, statistics.frac_reward_zero_std), (Some(22.0 / 3.0), 0.0));
}
