//! A run under gradient checkpointing is the plain run, whatever the objective; where a model cannot, it is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_data::{EncodedLabelledText, EncodedPair, EncodedText, EncodedUnpairedPreference};
use align_losses::LossType;
use align_models::{
    Attention, CausalLm, DistilBert, DistilBertConfig, Gpt2, Gpt2Config, KvCache, LoraConfig, LoraModel, Parameters,
    TrainableModel,
};
use align_train::{
    ClassificationConfig, ClassificationTrainer, CpoConfig, CpoLossType, CpoTrainer, DpoConfig, DpoTrainer, KtoConfig,
    KtoTrainer, Objective, SftConfig, SftTrainer, Trainer, TrainingConfig,
};
use std::path::Path;
use tch::{Device, Kind, Tensor};

const VOCAB: i64 = 97;
const ROWS: usize = 7;

fn gpt2() -> Gpt2 {
    let config = Gpt2Config {
        vocab_size: VOCAB,
        n_positions: 64,
        n_embd: 24,
        n_layer: 3,
        n_head: 3,
        bos_token_id: Some(0),
        eos_token_id: Some(vec![0]),
        ..Gpt2Config::default()
    };
    Gpt2::new_random(config, 1, Kind::Float, Device::Cpu).unwrap()
}

fn lora() -> LoraModel {
    LoraModel::new(gpt2(), LoraConfig { r: 2, lora_dropout: 0.1, ..LoraConfig::default() }, 3).unwrap()
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
    DistilBert::new_random(config, 1, Kind::Float, Device::Cpu).unwrap()
}

fn ids(count: usize, salt: usize) -> Vec<i64> {
    (0..count as i64).map(|i| (i * i * 7 + 13 * i + 29 * salt as i64) % VOCAB).collect()
}

/// Rows of unlike length: prompt, and two texts.
fn rows<R>(row: impl Fn(usize, Vec<i64>, Vec<i64>, Vec<i64>) -> R) -> Vec<R> {
    let texts = |i: usize| row(i, ids(1 + i % 4, i), ids(3 + 5 * i % 17, 31 + i), ids(2 + 7 * i % 19, 61 + i));
    (0..ROWS).map(texts).collect()
}

fn pairs() -> Vec<EncodedPair> {
    rows(|row, prompt_ids, chosen_ids, rejected_ids| EncodedPair {
        prompt_ids,
        chosen_ids,
        rejected_ids,
        row,
        ..EncodedPair::default()
    })
}

fn unpaired() -> Vec<EncodedUnpairedPreference> {
    rows(|row, prompt_ids, completion_ids, _| EncodedUnpairedPreference {
        prompt_ids,
        completion_ids,
        label: row % 2 == 0,
        row,
    })
}

fn texts() -> Vec<EncodedText> {
    rows(|row, prompt_ids, completion_ids, _| EncodedText { prompt_ids, completion_ids, row, ..EncodedText::default() })
}

fn labelled() -> Vec<EncodedLabelledText> {
    rows(|row, _, input_ids, _| EncodedLabelledText { input_ids, label: row as i64 % 3, row })
}

/// With dropout, in steps of two micro-batches.
fn training(gradient_checkpointing: bool) -> TrainingConfig {
    TrainingConfig {
        per_device_train_batch_size: 3,
        gradient_accumulation_steps: 2,
        max_steps: Some(4),
        learning_rate: 1e-3,
        disable_dropout: false,
        gradient_checkpointing,
        ..TrainingConfig::default()
    }
}

fn weights(model: &impl TrainableModel) -> Vec<Tensor> {
    model.parameters().iter().map(|(_, weight)| weight.detach().copy()).collect()
}

/// The weights at the end of a run.
fn trained<O: Objective>(mut trainer: Trainer<O>) -> Vec<Tensor> {
    let before = weights(trainer.policy());
    trainer.by_ref().for_each(|step| drop(step.unwrap()));
    let after = weights(&trainer.into_policy());
    assert!(before.iter().zip(&after).all(|(before, after)| !before.equal(after)), "weights that stand still");
    after
}

fn assert_same<O: Objective>(what: &str, trainer: impl Fn(TrainingConfig) -> Trainer<O>) {
    let (plain, found) = (trained(trainer(training(false))), trained(trainer(training(true))));
    assert!(plain.iter().zip(&found).all(|(plain, found)| plain.equal(found)), "{what}");
}

/// One test, since dropout draws from the process's one generator.
#[test]
fn every_objective_trains_the_same_weights() {
    for (loss_type, micro_batch_tokens) in [(LossType::Sigmoid, 60), (LossType::Aot, 2000)] {
        let config =
            |training| DpoConfig { loss_type: vec![loss_type], micro_batch_tokens, training, ..DpoConfig::default() };
        assert_same("dpo", |training| DpoTrainer::new(gpt2(), None, pairs(), config(training)).unwrap());
        assert_same("dpo, lora", |training| DpoTrainer::new(lora(), None, pairs(), config(training)).unwrap());
    }
    for loss_type in [CpoLossType::Sigmoid, CpoLossType::Orpo] {
        let config = |training| CpoConfig { loss_type, training, ..CpoConfig::default() };
        assert_same("cpo", |training| CpoTrainer::new(gpt2(), pairs(), config(training)).unwrap());
    }
    // Seven rows, of which batches of three would leave one alone.
    let config = |training| {
        let training = TrainingConfig { per_device_train_batch_size: 4, ..training };
        KtoConfig { training, ..KtoConfig::default() }
    };
    assert_same("kto", |training| KtoTrainer::new(gpt2(), None, unpaired(), config(training)).unwrap());
    let config = |training| SftConfig { training, ..SftConfig::default() };
    assert_same("sft", |training| SftTrainer::new(gpt2(), texts(), config(training)).unwrap());
    let config = |training| ClassificationConfig { training, ..ClassificationConfig::default() };
    assert_same("classification", |training| {
        ClassificationTrainer::new(distilbert(), labelled(), config(training)).unwrap()
    });
}

#[test]
fn a_run_may_go_on_with_it() {
    let trainer = |gradient_checkpointing| {
        let training = TrainingConfig { disable_dropout: true, ..training(gradient_checkpointing) };
        SftTrainer::new(gpt2(), texts(), SftConfig { training, ..SftConfig::default() }).unwrap()
    };
    let (dir, mut plain) = (tempfile::tempdir().unwrap(), trainer(false));
    plain.next_step().unwrap();
    plain.save_checkpoint(&dir.path().join("checkpoint-1")).unwrap();
    let mut resumed = trainer(true);
    resumed.resume(&dir.path().join("checkpoint-1")).unwrap();
    assert!(trained(plain).iter().zip(&trained(resumed)).all(|(plain, resumed)| plain.equal(resumed)));
}

/// A model of one's own that has no gradient checkpointing.
#[derive(Debug)]
struct Other(Gpt2);

impl CausalLm for Other {
    fn hidden(
        &self,
        input_ids: &Tensor,
        position_ids: Option<&Tensor>,
        attention: &Attention,
        cache: Option<&mut KvCache>,
    ) -> align_models::Result<Tensor> {
        self.0.hidden(input_ids, position_ids, attention, cache)
    }

    fn head(&self) -> &Tensor {
        self.0.head()
    }

    fn new_cache(&self, batch: i64, capacity: i64) -> KvCache {
        self.0.new_cache(batch, capacity)
    }

    fn vocab_size(&self) -> i64 {
        self.0.vocab_size()
    }

    fn max_position_embeddings(&self) -> i64 {
        self.0.max_position_embeddings()
    }

    fn eos_token_ids(&self) -> &[i64] {
        self.0.eos_token_ids()
    }

    fn bos_token_id(&self) -> Option<i64> {
        self.0.bos_token_id()
    }

    fn frozen_copy(&self) -> align_models::Result<Box<dyn CausalLm>> {
        self.0.frozen_copy()
    }
}

impl TrainableModel for Other {
    fn parameters(&self) -> &Parameters {
        TrainableModel::parameters(&self.0)
    }

    fn hyper_parameters(&self) -> align_models::Result<serde_json::Value> {
        TrainableModel::hyper_parameters(&self.0)
    }

    fn set_training(&mut self, training: bool) {
        TrainableModel::set_training(&mut self.0, training);
    }

    fn save_pretrained(&self, dir: &Path, overwrite: bool) -> align_models::Result<()> {
        TrainableModel::save_pretrained(&self.0, dir, overwrite)
    }
}

#[test]
fn where_it_would_be_ignored_it_is_refused() {
    let trainer = |gradient_checkpointing| {
        let training = TrainingConfig { disable_dropout: true, ..training(gradient_checkpointing) };
        SftTrainer::new(Other(gpt2()), texts(), SftConfig { training, ..SftConfig::default() })
    };
    let problem = trainer(true).unwrap_err().to_string();
    assert!(
        problem.starts_with("option gradient_checkpointing cannot be used: the model does not support"),
        "{problem}"
    );
    trainer(false).unwrap().next_step().unwrap();
}
