//! What is refused, and that messages name it.

use align_losses::{
    GroupPolicyLoss, GroupRewards, GrpoLoss, GrpoLossType, GrpoOptions, ImportanceSamplingLevel, PolicyTokens,
    RlooAdvantageOptions, RlooLoss, RlooOptions, k3_kl, mask_truncated, rloo_advantages,
};
use std::fmt::{Debug, Display};
use tch::{Device, Kind, Tensor};

fn refused<T: Debug>(result: Result<T, impl Display>, words: &[&str]) {
    let message = result.expect_err("it was taken").to_string();
    assert!(words.iter().all(|word| message.contains(word)), "{words:?} in {message:?}");
}

#[test]
fn options_outside_their_range() {
    let grpo = |change: fn(&mut GrpoOptions, f64), value: f64, name: &str| {
        let mut options = GrpoOptions::default();
        change(&mut options, value);
        refused(GrpoLoss::new(options), &[name]);
    };
    for value in [-0.1, f64::NAN, f64::INFINITY] {
        grpo(|o, x| o.beta = x, value, "beta");
        grpo(|o, x| o.epsilon = x, value, "epsilon");
        grpo(|o, x| o.epsilon_high = Some(x), value, "epsilon_high");
        grpo(|o, x| o.delta = Some(x), value, "delta");
        grpo(|o, x| o.off_policy_mask_threshold = Some(x), value, "off_policy_mask_threshold");
        grpo(|o, x| o.sapo_temperature_pos = x, value, "sapo_temperature_pos");
        grpo(|o, x| o.vespo_k_neg = x, value, "vespo_k_neg");
        refused(RlooLoss::new(RlooOptions { epsilon: value, epsilon_high: None }), &["epsilon"]);
        let options = RlooAdvantageOptions { beta: value, ..Default::default() };
        refused(options.validate(), &["beta"]);
    }
    for range in [(1.0, -1.0), (f64::NEG_INFINITY, 1.0), (0.0, f64::NAN)] {
        let options = RlooAdvantageOptions { reward_clip_range: Some(range), ..Default::default() };
        refused(options.validate(), &["reward_clip_range"]);
    }
}

#[test]
fn options_that_a_loss_type_needs_or_would_ignore() {
    let of = |loss_type| GrpoOptions { loss_type, ..GrpoOptions::default() };
    refused(GrpoLoss::new(of(GrpoLossType::DrGrpo)), &["max_completion_length", "dr_grpo"]);
    refused(GrpoLoss::new(of(GrpoLossType::Cispo)), &["epsilon_high", "cispo"]);
    refused(GrpoLoss::new(of(GrpoLossType::Luspo)), &["importance_sampling_level", "luspo"]);
    let ignored = |options: GrpoOptions, name: &str| refused(GrpoLoss::new(options), &[name, "remove it"]);
    ignored(GrpoOptions { delta: Some(2.0), ..of(GrpoLossType::Sapo) }, "delta");
    ignored(GrpoOptions { epsilon: 0.1, ..of(GrpoLossType::Vespo) }, "epsilon");
    ignored(GrpoOptions { epsilon_high: Some(0.3), ..of(GrpoLossType::Sapo) }, "epsilon_high");
    ignored(GrpoOptions { sapo_temperature_neg: 2.0, ..of(GrpoLossType::Dapo) }, "sapo_temperature_neg");
    ignored(GrpoOptions { vespo_lambda_pos: 2.0, ..of(GrpoLossType::Grpo) }, "vespo_lambda_pos");
    ignored(GrpoOptions { use_bias_correction_kl: false, ..of(GrpoLossType::Grpo) }, "use_bias_correction_kl");
    let sequence = ImportanceSamplingLevel::Sequence;
    let vespo = GrpoOptions { importance_sampling_level: sequence, ..of(GrpoLossType::Vespo) };
    ignored(vespo, "importance_sampling_level");
    GrpoLoss::new(GrpoOptions { beta: 0.1, ..vespo }).unwrap();
}

#[test]
fn tensors_that_do_not_fit() {
    let double = |rows: i64, seq: i64| Tensor::zeros([rows, seq], (Kind::Double, Device::Cpu));
    let (logps, advantages) = (double(2, 3), Tensor::from_slice(&[1.0f64, 2.0]));
    let new = |logps: &Tensor, mask: &Tensor, advantages: &Tensor| PolicyTokens::new(logps, mask, advantages);
    refused(new(&double(2, 3).to_kind(Kind::Int64), &logps, &advantages), &["logps", "floating-point"]);
    refused(new(&advantages, &logps, &advantages), &["logps", "(rows, seq)"]);
    refused(new(&logps, &double(3, 2), &advantages), &["mask", "[2, 3]"]);
    refused(new(&logps, &logps, &Tensor::from_slice(&[1.0f64])), &["advantages", "[2]"]);
    refused(new(&logps, &logps, &Tensor::from_slice(&[1.0f64, f64::NAN])), &["advantages", "finite"]);
    let tokens = || new(&logps, &logps.ones_like(), &advantages).unwrap();
    refused(tokens().with_old_logps(&double(2, 2)), &["old_logps", "[2, 3]"]);
    refused(tokens().with_reference_logps(&double(1, 3)), &["reference_logps", "[2, 3]"]);
    let loss = GrpoLoss::new(GrpoOptions { beta: 0.1, ..GrpoOptions::default() }).unwrap();
    refused(loss.loss(&tokens()), &["beta", "with_reference_logps"]);
    refused(loss.loss_and_gradient(&tokens()), &["beta", "with_reference_logps"]);
    refused(k3_kl(&logps, &double(2, 2)), &["reference_logps"]);
    refused(mask_truncated(&logps, &Tensor::from_slice(&[true])), &["truncated", "[2]"]);
    refused(mask_truncated(&logps, &advantages), &["truncated", "Bool"]);
}

#[test]
fn rewards_that_do_not_fit() {
    let new = |group: usize, functions: &[(&str, f64, &[Option<f64>])]| {
        let functions = functions.iter().map(|(name, weight, all)| ((*name).to_owned(), *weight, all.to_vec()));
        GroupRewards::new(group, functions.collect())
    };
    let two = [Some(1.0), None];
    refused(new(2, &[]), &["reward functions", "at least 1"]);
    refused(new(2, &[("a", 1.0, &[Some(1.0)])]), &["num_generations", "2"]);
    refused(new(0, &[("a", 1.0, &two)]), &["num_generations"]);
    refused(new(2, &[("a", 1.0, &[])]), &["completions", "found 0"]);
    refused(new(2, &[("a", 1.0, &two), ("b", 1.0, &[Some(1.0)])]), &["rewards of b", "2", "found 1"]);
    refused(new(2, &[("a", f64::NAN, &two)]), &["reward_weights"]);
    refused(new(2, &[("a", 1.0, &[Some(1.0), Some(f64::INFINITY)])]), &["rewards of a", "completion 2", "inf"]);
    let rewards = new(2, &[("a", 1.0, &two)]).unwrap();
    let options = RlooAdvantageOptions::default();
    refused(rloo_advantages(&rewards, &[], &options), &["KL divergences", "2", "found 0"]);
    refused(rloo_advantages(&rewards, &[f64::NAN, 0.0], &options), &["KL divergences", "completion 1"]);
}
