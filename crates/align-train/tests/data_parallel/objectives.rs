//! Each objective, with the losses that couple a batch.

use crate::models::{distilbert, gpt2, lora, reward_model};
use crate::processes::{TOLERANCE, assert_same, assert_within, training};
use crate::rows::{EVAL, TRAIN, generated, labelled, pairs, reward_pairs, texts, unpaired};
use align_data::pack_wrapped;
use align_train::objective::{Classification, Cpo, Dpo, Grpo, Kto, Reward, Rloo, Sft};
use align_train::{
    ClassificationConfig, CpoConfig, CpoLossType, DpoConfig, GrpoConfig, GrpoLossType, KtoConfig, KtoLossType,
    LossType, RewardConfig, RlooConfig, SftConfig, TrainingConfig,
};
use tch::Kind;

fn dpo(name: &str, config: DpoConfig) {
    let config = DpoConfig { training: training(), ..config };
    assert_same(name, || (Dpo::new(gpt2(3, Kind::Float), None, config.clone()).unwrap(), pairs(TRAIN), pairs(EVAL)));
}

#[test]
fn sigmoid() {
    dpo("sigmoid", DpoConfig::default());
    dpo("micro-batches", DpoConfig { micro_batch_tokens: 20, ..DpoConfig::default() });
    dpo("precomputed", DpoConfig { precompute_ref_log_probs: true, micro_batch_tokens: 20, ..DpoConfig::default() });
}

#[test]
fn losses_that_couple_a_batch() {
    for loss in [LossType::Aot, LossType::AotUnpaired] {
        dpo(&format!("{loss:?}"), DpoConfig { loss_type: vec![loss], ..DpoConfig::default() });
    }
    let weighted = DpoConfig {
        loss_type: vec![LossType::Sigmoid, LossType::Sft],
        loss_weights: Some(vec![1.0, 0.3]),
        ..DpoConfig::default()
    };
    dpo("sigmoid and sft", weighted.clone());
    dpo("sigmoid and sft in micro-batches", DpoConfig { micro_batch_tokens: 20, ..weighted });
}

/// Beta follows the margins, so that their rounding errors in float32 add up in it.
#[test]
fn an_adaptive_beta() {
    let adaptive = DpoConfig { beta_dpo_alpha: Some(0.6), training: training(), ..DpoConfig::default() };
    let weighted = DpoConfig { row_weights: true, use_weighting: true, ..adaptive.clone() };
    for (name, config) in [("β-DPO", adaptive), ("weighted β-DPO", weighted)] {
        for (kind, tolerance) in [(Kind::Double, TOLERANCE), (Kind::Float, 3.0 * TOLERANCE)] {
            let make = || (Dpo::new(gpt2(3, kind), None, config.clone()).unwrap(), pairs(TRAIN), pairs(EVAL));
            assert_within(name, tolerance, make);
        }
    }
}

#[test]
fn options_that_change_the_gradient() {
    dpo("WPO", DpoConfig { use_weighting: true, ..DpoConfig::default() });
    dpo("LD-DPO", DpoConfig { ld_alpha: Some(0.5), ..DpoConfig::default() });
    dpo("soft labels", DpoConfig { soft_labels: true, ..DpoConfig::default() });
    dpo("ODPO", DpoConfig { odpo_alpha: Some(0.5), ..DpoConfig::default() });
    dpo("weight distance", DpoConfig { weight_distance_coef: 0.1, ..DpoConfig::default() });
    dpo("hidden distance", DpoConfig { hidden_distance_coef: 0.1, ..DpoConfig::default() });
    let moved = DpoConfig { sync_ref_model: true, ref_model_sync_steps: Some(7), ..DpoConfig::default() };
    dpo("TR-DPO", moved);
}

#[test]
fn an_adapter() {
    let training = TrainingConfig { learning_rate: 1e-2, ..training() };
    let config = DpoConfig { training, ..DpoConfig::default() };
    assert_same("LoRA", || (Dpo::new(lora(), None, config.clone()).unwrap(), pairs(TRAIN), pairs(EVAL)));
}

#[test]
fn unpaired_preferences() {
    for loss_type in [KtoLossType::Kto, KtoLossType::Bco, KtoLossType::ApoZeroUnpaired] {
        let config = KtoConfig { loss_type, training: training(), ..KtoConfig::default() };
        let make = || (Kto::new(gpt2(3, Kind::Float), None, config.clone()).unwrap(), unpaired(TRAIN), unpaired(EVAL));
        assert_same(&format!("{loss_type:?}"), make);
    }
}

#[test]
fn losses_without_a_reference_model() {
    for loss_type in [CpoLossType::Sigmoid, CpoLossType::Simpo, CpoLossType::Orpo] {
        let config = CpoConfig { loss_type, training: training(), ..CpoConfig::default() };
        let make = || (Cpo::new(gpt2(3, Kind::Float), config.clone()).unwrap(), pairs(TRAIN), pairs(EVAL));
        assert_same(&format!("{loss_type:?}"), make);
    }
}

/// In float64, since losses are sums of terms of both signs.
#[test]
fn policy_gradients() {
    let truncated = GrpoConfig { mask_truncated_completions: true, ..GrpoConfig::default() };
    let bnpo = GrpoConfig { loss_type: GrpoLossType::Bnpo, ..truncated.clone() };
    let kl = GrpoConfig { beta: 0.1, micro_batch_tokens: 20, ..truncated };
    for (name, config, old) in [("dapo with KL", kl, true), ("bnpo", bnpo, false)] {
        let config = GrpoConfig { training: training(), ..config };
        let make = || {
            let objective = Grpo::new(gpt2(3, Kind::Double), None, config.clone()).unwrap();
            (objective, generated(TRAIN, old), generated(EVAL, old))
        };
        assert_same(name, make);
    }
    let config = RlooConfig { training: training(), ..RlooConfig::default() };
    let make = || {
        let objective = Rloo::new(gpt2(3, Kind::Double), None, config.clone()).unwrap();
        (objective, generated(TRAIN, false), generated(EVAL, false))
    };
    assert_same("rloo", make);
}

#[test]
fn packed_texts() {
    let packing = SftConfig { packing: true, max_length: Some(24), training: training(), ..SftConfig::default() };
    let pack = |count| pack_wrapped(&texts(count), 24).unwrap();
    assert_same("packing", || (Sft::new(gpt2(3, Kind::Float), packing.clone()).unwrap(), pack(30), pack(11)));
    let plain = SftConfig { training: training(), ..SftConfig::default() };
    assert_same("texts", || (Sft::new(gpt2(3, Kind::Float), plain.clone()).unwrap(), texts(TRAIN), texts(EVAL)));
}

#[test]
fn classifiers() {
    let config = ClassificationConfig { training: training(), ..ClassificationConfig::default() };
    let make = || (Classification::new(distilbert(), config.clone()).unwrap(), labelled(TRAIN), labelled(EVAL));
    assert_same("classification", make);
    let config = RewardConfig {
        center_rewards_coefficient: Some(0.01),
        row_weights: true,
        training: training(),
        ..RewardConfig::default()
    };
    let make = || (Reward::new(reward_model(), config.clone()).unwrap(), reward_pairs(TRAIN), reward_pairs(EVAL));
    assert_same("reward model", make);
}
