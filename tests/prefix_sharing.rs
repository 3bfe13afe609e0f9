//! With shared prefixes, log-probabilities, metrics and gradient are those of padded rows, with and without micro-batches.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/preference_step.rs"]
mod preference_step;

use align_data::{EncodedPair, PairNumbers};
use align_losses::LossType;
use align_models::{Attention, CausalLm, Gpt2, KvCache, LoraConfig, LoraModel, Parameters, TrainableModel};
use align_train::objective::{Cpo, Dpo};
use align_train::{CpoConfig, CpoLossType, DpoConfig, FDivergenceType, PrefixSharing, TrainingConfig};
use preference_step::{Step, draws, each_loss, policy, step};
use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use tch::{Device, Kind, Tensor};

/// The policy's model with slightly changed weights, so that log-ratios are not 0.
fn reference() -> Gpt2 {
    let model = policy();
    for (_, weight) in model.parameters().iter() {
        let moved = Tensor::arange(weight.numel() as i64, (Kind::Float, Device::Cpu)).sin() * 0.03;
        let _ = weight.shallow_clone().g_add_(&moved.view_as(weight));
    }
    model
}

/// Two to nine pairs: prompts of 0 to 42 tokens, of which some have a common beginning, completions of 2 to 26 tokens that may have a common
/// prefix, and one pair with equal completions.
fn pairs(seed: u64) -> Vec<EncodedPair> {
    let mut below = draws(seed);
    let count = 2 + below(8) as usize;
    let beginning: Vec<i64> = (0..below(13)).map(|_| below(500) as i64).collect();
    (0..count)
        .map(|row| {
            let mut ids = |least: u64, most: u64| -> Vec<i64> {
                let length = least + below(most + 1 - least);
                (0..length).map(|_| below(500) as i64).collect()
            };
            let prompt_ids = match row {
                1 => Vec::new(),
                row if row % 2 == 0 => [beginning.clone(), ids(0, 30)].concat(),
                _ => ids(0, 30),
            };
            let alike = ids(0, 3);
            let (chosen, rejected) = (ids(2, 23), ids(2, 23));
            let chosen_ids = [alike.clone(), chosen].concat();
            let rejected_ids = if row == 0 { chosen_ids.clone() } else { [alike, rejected].concat() };
            let share = (1 + row) as f64 / 10.0;
            let numbers =
                PairNumbers { chosen_probability: Some(share), margin: Some(4.0 * share), weight: Some(share) };
            EncodedPair { prompt_ids, chosen_ids, rejected_ids, row, numbers }
        })
        .collect()
}

fn assert_same((output, gradients): &Step, (expected, by_weight): &Step, what: &str) {
    let (loss, expected_loss) = (output.loss(), expected.loss());
    assert!((loss - expected_loss).abs() < 1e-5 * expected_loss.abs().max(1.0), "{what}: {loss}, not {expected_loss}");
    assert_eq!(output.tokens, expected.tokens, "{what}");
    for (name, value) in expected.metrics.values().iter() {
        let found = output.metrics.get(name).unwrap().value;
        // For a pair with equal completions, rounding alone decides which reward is higher.
        let tie = if name == "rewards/accuracies" { 1.0 } else { 0.0 };
        assert!((found - value).abs() <= 1e-4 * value.abs().max(1.0) + tie, "{what}, {name}: {found}, not {value}");
    }
    let size = by_weight.iter().map(|(_, g)| g.abs().max().double_value(&[])).fold(0.0, f64::max);
    assert!(size > 1e-6, "{what}");
    for ((name, found), (_, expected)) in gradients.iter().zip(by_weight) {
        let apart = (found - expected).abs().max().double_value(&[]);
        assert!(apart <= 1e-5 * size.max(1.0), "{what}, {name}: {apart} of {size}");
    }
}

fn dpo_configs() -> Vec<DpoConfig> {
    let base = DpoConfig::default();
    let mut all = each_loss(&base);
    all.extend([
        DpoConfig { ld_alpha: Some(0.3), ..base.clone() },
        DpoConfig { use_weighting: true, ..base.clone() },
        DpoConfig { f_divergence_type: FDivergenceType::JsDivergence, ..base.clone() },
        DpoConfig { beta_dpo_alpha: Some(0.6), ..base.clone() },
        DpoConfig { length_alpha: Some(0.05), ld_alpha: Some(0.7), use_weighting: true, ..base.clone() },
        DpoConfig { loss_type: vec![LossType::Sigmoid, LossType::Aot, LossType::Sft], ..base.clone() },
        DpoConfig { soft_labels: true, odpo_alpha: Some(0.5), row_weights: true, ..base },
    ]);
    all
}

#[test]
fn a_dpo_step_equals_that_of_padded_rows() {
    for (seed, config) in dpo_configs().into_iter().enumerate() {
        let pairs = pairs(seed as u64);
        let of = |prefix_sharing, micro_batch_tokens| {
            let config = DpoConfig { prefix_sharing, micro_batch_tokens, ..config.clone() };
            step(Dpo::new(policy(), Some(Box::new(reference())), config).unwrap(), &pairs)
        };
        let padded = of(PrefixSharing::Off, usize::MAX);
        let (on, auto, off) = (PrefixSharing::On, PrefixSharing::Auto, PrefixSharing::Off);
        for (sharing, budget) in [(on, usize::MAX), (on, 120), (on, 1), (auto, usize::MAX), (auto, 90), (off, 150)] {
            let what = format!("{:?} {sharing:?} {budget}", config.loss_type);
            assert_same(&of(sharing, budget), &padded, &what);
        }
    }
}

#[test]
fn a_cpo_step_equals_that_of_padded_rows() {
    let types = [
        CpoLossType::Sigmoid,
        CpoLossType::Hinge,
        CpoLossType::Ipo,
        CpoLossType::Simpo,
        CpoLossType::Orpo,
        CpoLossType::SlicHf,
    ];
    for (seed, loss_type) in types.into_iter().enumerate() {
        let pairs = pairs(100 + seed as u64);
        let of = |prefix_sharing| {
            let config = CpoConfig { loss_type, prefix_sharing, ..CpoConfig::default() };
            step(Cpo::new(policy(), config).unwrap(), &pairs)
        };
        let padded = of(PrefixSharing::Off);
        for sharing in [PrefixSharing::On, PrefixSharing::Auto] {
            assert_same(&of(sharing), &padded, &format!("{loss_type} {sharing:?}"));
        }
    }
}

#[test]
fn a_step_with_an_adapter_or_gradient_checkpointing_equals_that_of_padded_rows() {
    let pairs = pairs(7);
    let of = |prefix_sharing, checkpointing| {
        let config = DpoConfig { prefix_sharing, micro_batch_tokens: 150, ..DpoConfig::default() };
        let mut model = LoraModel::new(policy(), LoraConfig { r: 4, ..LoraConfig::default() }, 3).unwrap();
        for (_, matrix) in model.parameters().iter() {
            let _ = matrix.shallow_clone().fill_(0.03);
        }
        TrainableModel::set_gradient_checkpointing(&mut model, checkpointing).unwrap();
        let before = LoraModel::new(policy(), LoraConfig { r: 4, ..LoraConfig::default() }, 3).unwrap();
        step(Dpo::new(model, Some(Box::new(before)), config).unwrap(), &pairs)
    };
    let padded = of(PrefixSharing::Off, false);
    for checkpointing in [false, true] {
        let what = format!("checkpointing {checkpointing}");
        assert_same(&of(PrefixSharing::On, checkpointing), &padded, &what);
    }
}

#[test]
fn cached_reference_log_probabilities_work_with_and_without_sharing() {
    let dir = tempfile::tempdir().unwrap();
    let pairs = pairs(3);
    let of = |prefix_sharing, kept: bool| {
        let config = DpoConfig {
            prefix_sharing,
            precompute_ref_log_probs: kept,
            ref_log_probs_dir: kept.then(|| dir.path().to_owned()),
            ..DpoConfig::default()
        };
        step(Dpo::new(policy(), Some(Box::new(reference())), config).unwrap(), &pairs)
    };
    let files = || std::fs::read_dir(dir.path()).unwrap().count();
    let live = of(PrefixSharing::Off, false);
    for sharing in [PrefixSharing::On, PrefixSharing::Off, PrefixSharing::Auto] {
        assert_same(&of(sharing, true), &live, &format!("{sharing:?}"));
        assert_eq!(files(), 1);
    }
}

/// A GPT-2 that notes how many tokens it is given, and may have no rows that share tokens.
struct Counting {
    model: Gpt2,
    supports_shared_tokens: bool,
    tokens: Rc<RefCell<Vec<i64>>>,
}

impl CausalLm for Counting {
    fn hidden(
        &self,
        input_ids: &Tensor,
        position_ids: Option<&Tensor>,
        attention: &Attention,
        cache: Option<&mut KvCache>,
    ) -> align_models::Result<Tensor> {
        self.tokens.borrow_mut().push(input_ids.numel() as i64);
        self.model.hidden(input_ids, position_ids, attention, cache)
    }

    fn supports_shared_tokens(&self) -> bool {
        self.supports_shared_tokens
    }

    fn head(&self) -> &Tensor {
        self.model.head()
    }

    fn new_cache(&self, batch: i64, capacity: i64) -> KvCache {
        self.model.new_cache(batch, capacity)
    }

    fn vocab_size(&self) -> i64 {
        self.model.vocab_size()
    }

    fn max_position_embeddings(&self) -> i64 {
        self.model.max_position_embeddings()
    }

    fn eos_token_ids(&self) -> &[i64] {
        self.model.eos_token_ids()
    }

    fn bos_token_id(&self) -> Option<i64> {
        self.model.bos_token_id()
    }

    fn frozen_copy(&self) -> align_models::Result<Box<dyn CausalLm>> {
        self.model.frozen_copy()
    }
}

impl TrainableModel for Counting {
    fn parameters(&self) -> &Parameters {
        TrainableModel::parameters(&self.model)
    }

    fn hyper_parameters(&self) -> align_models::Result<serde_json::Value> {
        TrainableModel::hyper_parameters(&self.model)
    }

    fn set_training(&mut self, training: bool) {
        TrainableModel::set_training(&mut self.model, training);
    }

    fn save_pretrained(&self, dir: &Path, overwrite: bool) -> align_models::Result<()> {
        TrainableModel::save_pretrained(&self.model, dir, overwrite)
    }
}

/// The tokens of each pass of the policy in a step on two pairs: prompts of 20 tokens that differ in the first, sides of 24 and 22 tokens.
fn passes(prefix_sharing: PrefixSharing, supports_shared_tokens: bool, micro_batch_tokens: usize) -> Vec<i64> {
    passes_of(DpoConfig { prefix_sharing, micro_batch_tokens, ..DpoConfig::default() }, supports_shared_tokens, 0)
}

/// `common`: where the prompts differ.
fn passes_of(config: DpoConfig, supports_shared_tokens: bool, common: usize) -> Vec<i64> {
    let pair = |row| EncodedPair {
        prompt_ids: (0..20).map(|place| if place == common { 100 + row as i64 } else { place as i64 }).collect(),
        chosen_ids: vec![30, 31, 32, 33],
        rejected_ids: vec![40, 41],
        row,
        ..EncodedPair::default()
    };
    let tokens = Rc::default();
    let policy = Counting { model: policy(), supports_shared_tokens, tokens: Rc::clone(&tokens) };
    step(Dpo::new(policy, None, config).unwrap(), &[pair(0), pair(1)]);
    tokens.borrow().clone()
}

#[test]
fn shared_tokens_are_computed_and_counted_once() {
    // 20 + 4 + 2 tokens per pair, or two rows of 24.
    assert_eq!(passes(PrefixSharing::On, true, 52), [52]);
    assert_eq!(passes(PrefixSharing::On, true, 51), [26, 26]);
    assert_eq!(passes(PrefixSharing::Auto, true, 52), [52]);
    assert_eq!(passes(PrefixSharing::Off, true, 96), [96]);
    assert_eq!(passes(PrefixSharing::Off, true, 95), [48, 48]);
    assert_eq!(passes(PrefixSharing::Auto, false, 96), [96], "a model that cannot share");
    let training = TrainingConfig { disable_dropout: false, ..TrainingConfig::default() };
    assert_eq!(passes_of(DpoConfig { training, ..DpoConfig::default() }, true, 0), [96], "dropout");
    // With 15 common tokens before the prompts differ.
    assert_eq!(passes_of(DpoConfig::default(), true, 15), [15 + 2 * 11]);
}

#[test]
fn sharing_that_is_not_possible_is_rejected() {
    let says = |problem: String, part: &str| {
        assert!(problem.contains("prefix_sharing") && problem.contains(part), "{problem}");
    };
    let on = PrefixSharing::On;
    let training = TrainingConfig { disable_dropout: false, ..TrainingConfig::default() };
    let config = DpoConfig { prefix_sharing: on, training: training.clone(), ..DpoConfig::default() };
    says(Dpo::new(policy(), None, config).unwrap_err().to_string(), "dropout");
    let config = CpoConfig { prefix_sharing: on, training, ..CpoConfig::default() };
    says(Cpo::new(policy(), config).unwrap_err().to_string(), "dropout");
    let unable = || Counting { model: policy(), supports_shared_tokens: false, tokens: Rc::default() };
    let config = DpoConfig { prefix_sharing: on, ..DpoConfig::default() };
    says(Dpo::new(unable(), None, config).err().unwrap().to_string(), "model");
    let config = CpoConfig { prefix_sharing: on, ..CpoConfig::default() };
    says(Cpo::new(unable(), config).err().unwrap().to_string(), "model");
}
