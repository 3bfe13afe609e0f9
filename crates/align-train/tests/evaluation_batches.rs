//! What an evaluation says does not depend on how its rows are split into batches: every objective and loss.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_data::{EncodedLabelledText, EncodedPair, EncodedText, EncodedUnpairedPreference, PairNumbers};
use align_losses::{LogRatioPenalty, LossType, PairLogps, PairLoss};
use align_models::{DistilBert, DistilBertConfig, Gpt2, Gpt2Config, TrainableModel};
use align_train::objective::{Classification, Cpo, Dpo, Kto, Sft};
use align_train::{
    ClassificationConfig, CpoConfig, CpoLossType, DpoConfig, EvaluationRecord, FDivergenceType, KtoConfig, KtoLossType,
    Objective, PrefixSharing, SftConfig, Trainer, TrainingConfig,
};
use tch::{Device, Kind, Tensor};

const VOCAB: i64 = 97;
/// Rows held out; the last batch of 2 or 3 of them has one.
const ROWS: usize = 7;
/// Batches of one row, of several with a smaller last one, and of all.
const SIZES: [usize; 5] = [1, 2, 3, 5, ROWS];

fn gpt2(seed: u64) -> Gpt2 {
    let config = Gpt2Config {
        vocab_size: VOCAB,
        n_positions: 64,
        n_embd: 24,
        n_layer: 2,
        n_head: 3,
        bos_token_id: Some(0),
        eos_token_id: Some(vec![0]),
        ..Gpt2Config::default()
    };
    let model = Gpt2::new_random(config, seed, Kind::Double, Device::Cpu).unwrap();
    // New weights hardly tell one text from another.
    tch::no_grad(|| {
        for (_, weight) in model.parameters().iter().filter(|(_, weight)| weight.dim() == 2) {
            let _ = weight.shallow_clone().g_mul_scalar_(5.0);
        }
    });
    model
}

fn distilbert() -> DistilBert {
    let config = DistilBertConfig {
        vocab_size: VOCAB,
        max_position_embeddings: 64,
        dim: 24,
        n_layers: 2,
        n_heads: 3,
        hidden_dim: 48,
        num_labels: Some(3),
        ..DistilBertConfig::default()
    };
    DistilBert::new_random(config, 5, Kind::Double, Device::Cpu).unwrap()
}

fn ids(count: usize, salt: usize) -> Vec<i64> {
    (0..count as i64).map(|i| (i * i * 7 + 13 * i + 29 * salt as i64) % VOCAB).collect()
}

/// Lengths of prompt and two completions, as unlike as they can be.
fn lengths(row: usize) -> [usize; 3] {
    [1 + row * 5 % 9, 2 + row * 13 % 29, 2 + row * 17 % 31]
}

fn pairs() -> Vec<EncodedPair> {
    let pair = |row| {
        let [prompt, chosen, rejected] = lengths(row);
        EncodedPair {
            prompt_ids: ids(prompt, row),
            chosen_ids: ids(chosen, row + 20),
            rejected_ids: ids(rejected, row + 40),
            row,
            numbers: PairNumbers {
                chosen_probability: Some((1 + row) as f64 / (1 + ROWS) as f64),
                margin: Some(0.2 + row as f64),
                weight: Some(row as f64 / 2.0),
            },
        }
    };
    (0..ROWS).map(pair).collect()
}

/// Liked or not, so that some batches hold one kind alone.
fn judged() -> Vec<EncodedUnpairedPreference> {
    let row = |row| EncodedUnpairedPreference {
        prompt_ids: ids(lengths(row)[0], row),
        completion_ids: ids(lengths(row)[1], row + 20),
        label: row < 3 || row == 5,
        row,
    };
    (0..ROWS).map(row).collect()
}

fn texts() -> Vec<EncodedText> {
    let text = |row| EncodedText {
        prompt_ids: ids(lengths(row)[0], row),
        completion_ids: ids(lengths(row)[1], row + 20),
        row,
        ..EncodedText::default()
    };
    (0..ROWS).map(text).collect()
}

fn labelled() -> Vec<EncodedLabelledText> {
    let text = |row| EncodedLabelledText { input_ids: ids(lengths(row)[2], row), label: row as i64 % 3, row };
    (0..ROWS).map(text).collect()
}

fn training(per_device_eval_batch_size: usize) -> TrainingConfig {
    TrainingConfig { per_device_train_batch_size: 3, per_device_eval_batch_size, ..TrainingConfig::default() }
}

fn evaluation<O: Objective>(objective: O, train: Vec<O::Row>, eval: Vec<O::Row>) -> EvaluationRecord {
    Trainer::from_objective(objective, train).unwrap().with_evaluation(eval).unwrap().evaluate().unwrap()
}

/// The same numbers, by name, from batches of every size.
fn assert_independent(what: &str, evaluate: impl Fn(usize) -> EvaluationRecord) -> EvaluationRecord {
    let numbers = |record: &EvaluationRecord| -> Vec<(String, f64)> {
        let metrics = record.metrics.iter().map(|(name, value)| (name.to_owned(), value));
        metrics.chain([("loss".to_owned(), record.eval_loss)]).collect()
    };
    let whole = evaluate(ROWS);
    for size in SIZES {
        let found = evaluate(size);
        assert_eq!(numbers(&found).len(), numbers(&whole).len(), "{what}: names differ with batches of {size}");
        for ((name, found), (expected_name, expected)) in numbers(&found).into_iter().zip(numbers(&whole)) {
            assert_eq!(name, expected_name, "{what}, batches of {size}");
            let apart = (found - expected).abs() / expected.abs().max(1.0);
            assert!(apart <= 1e-6, "{what}, {name}: {found} in batches of {size}, {expected} in one");
        }
    }
    whole
}

fn dpo(config: &DpoConfig) -> impl Fn(usize) -> EvaluationRecord {
    let config = config.clone();
    move |size| {
        let config = DpoConfig { training: training(size), ..config.clone() };
        evaluation(Dpo::new(gpt2(1), Some(Box::new(gpt2(2))), config).unwrap(), pairs()[..6].to_vec(), pairs())
    }
}

#[test]
fn dpo_with_every_loss() {
    for loss_type in LossType::ALL {
        let label_smoothing = if loss_type == LossType::ExoPair { 0.1 } else { 0.0 };
        let config = DpoConfig { loss_type: vec![loss_type], label_smoothing, ..DpoConfig::default() };
        let record = assert_independent(&loss_type.to_string(), dpo(&config));
        let coupled = matches!(loss_type, LossType::Aot | LossType::AotUnpaired);
        assert_eq!(record.eval_batch_size, coupled.then_some(3), "{loss_type}");
    }
}

#[test]
fn dpo_with_every_option_that_changes_the_loss() {
    let base = DpoConfig::default;
    let losses = |all: &[LossType]| DpoConfig { loss_type: all.to_vec(), ..base() };
    let (sigmoid, sft, aot) = (LossType::Sigmoid, LossType::Sft, LossType::Aot);
    let penalty = Some(LogRatioPenalty::Square);
    for (what, config) in [
        ("sigmoid, sft", DpoConfig { loss_weights: Some(vec![0.8, 0.5]), ..losses(&[sigmoid, sft]) }),
        ("sft, aot", losses(&[sft, aot])),
        ("a penalty", DpoConfig { log_ratio_penalty: penalty, log_ratio_penalty_coef: Some(0.1), ..base() }),
        (
            "sft with a penalty",
            DpoConfig { log_ratio_penalty: penalty, log_ratio_penalty_coef: Some(0.1), ..losses(&[sft]) },
        ),
        ("WPO", DpoConfig { use_weighting: true, ..base() }),
        ("LD-DPO", DpoConfig { ld_alpha: Some(0.5), ..base() }),
        ("β-DPO", DpoConfig { beta_dpo_alpha: Some(0.6), ..base() }),
        ("forward KL", DpoConfig { f_divergence_type: FDivergenceType::ForwardKl, ..base() }),
        ("length", DpoConfig { length_alpha: Some(0.1), ..base() }),
        ("label smoothing", DpoConfig { label_smoothing: 0.1, ..base() }),
        (
            "numbers of pairs",
            DpoConfig { soft_labels: true, odpo_alpha: Some(0.5), row_weights: true, use_weighting: true, ..base() },
        ),
        ("hidden states", DpoConfig { hidden_distance_coef: 0.5, micro_batch_tokens: 60, ..base() }),
        ("parts of one pair", DpoConfig { micro_batch_tokens: 1, ..base() }),
        ("aot in parts of one pair", DpoConfig { micro_batch_tokens: 1, ..losses(&[aot]) }),
        ("precomputed", DpoConfig { precompute_ref_log_probs: true, ..base() }),
        ("prefixes shared", DpoConfig { prefix_sharing: PrefixSharing::On, ..base() }),
    ] {
        assert_independent(what, dpo(&config));
    }
}

/// The largest difference of rewards in the batch, for all its pairs.
#[derive(Debug)]
struct Worst;

impl PairLoss for Worst {
    fn losses(&self, logps: &PairLogps) -> align_losses::Result<Tensor> {
        let ratios = logps.log_ratios();
        Ok((&ratios.rejected - &ratios.chosen).max().expand(ratios.chosen.size(), false))
    }

    fn beta(&self) -> f64 {
        0.1
    }
}

#[test]
fn a_loss_of_ones_own_is_taken_to_couple_pairs() {
    let record = assert_independent("the worst", |size| {
        let config = DpoConfig { training: training(size), ..DpoConfig::default() };
        let dpo = Dpo::with_loss(gpt2(1), Some(Box::new(gpt2(2))), config, Box::new(Worst)).unwrap();
        evaluation(dpo, pairs()[..6].to_vec(), pairs())
    });
    assert_eq!(record.eval_batch_size, Some(3));
}

#[test]
fn losses_without_a_reference() {
    for loss_type in [
        CpoLossType::Sigmoid,
        CpoLossType::Hinge,
        CpoLossType::Ipo,
        CpoLossType::Simpo,
        CpoLossType::Orpo,
        CpoLossType::SlicHf,
    ] {
        for prefix_sharing in [PrefixSharing::Off, PrefixSharing::On] {
            let record = assert_independent(&loss_type.to_string(), |size| {
                let config = CpoConfig { loss_type, prefix_sharing, training: training(size), ..CpoConfig::default() };
                evaluation(Cpo::new(gpt2(1), config).unwrap(), pairs(), pairs())
            });
            assert_eq!(record.eval_batch_size, None, "{loss_type}");
        }
    }
}

#[test]
fn losses_without_pairs() {
    for loss_type in [KtoLossType::Kto, KtoLossType::ApoZeroUnpaired, KtoLossType::Bco] {
        let record = assert_independent(&format!("{loss_type:?}"), |size| {
            let config = KtoConfig { loss_type, training: training(size), ..KtoConfig::default() };
            evaluation(Kto::new(gpt2(1), Some(Box::new(gpt2(2))), config).unwrap(), judged()[..6].to_vec(), judged())
        });
        let get = |name: &str| record.get(name).unwrap_or_else(|| panic!("{loss_type:?} lacks {name}"));
        let margin = get("rewards/chosen") - get("rewards/rejected");
        assert!((get("rewards/margins") - margin).abs() < 1e-12 && margin.abs() > 1e-3);
        assert_eq!(record.eval_batch_size, (loss_type == KtoLossType::Kto).then_some(3), "{loss_type:?}");
    }
}

#[test]
fn texts_and_classes() {
    for completion_only_loss in [None, Some(false)] {
        assert_independent("sft", |size| {
            let config = SftConfig { completion_only_loss, training: training(size), ..SftConfig::default() };
            evaluation(Sft::new(gpt2(1), config).unwrap(), texts(), texts())
        });
    }
    assert_independent("classification", |size| {
        let config = ClassificationConfig { training: training(size), ..ClassificationConfig::default() };
        evaluation(Classification::new(distilbert(), config).unwrap(), labelled(), labelled())
    });
}
