//! Compares training on conversations step by step with train_modern.json: runs of TRL's trainers on decoders since Llama.

use crate::train::{assert_steps, training};
use crate::{golden_dir, read_json};
use align_data::tables::{ExampleRow, Examples};
use align_data::{
    CompletionBatch, CompletionExample, EncodeOptions, Example, InvalidRows, PairExample, PromptedRow, RewardExample,
    RowParts, Tokenizer, UnpairedExample, encode_pairs, encode_reward_pairs, encode_unpaired, right_pad,
};
use align_losses::LossType;
use align_models::{AutoModelForCausalLm, AutoModelForSequenceClassification, CausalLm, LoraModel, TrainableModel};
use align_train::{
    DpoConfig, DpoTrainer, KtoConfig, KtoTrainer, PrefixSharing, RewardConfig, RewardTrainer, SftConfig, SftTrainer,
    TrainingConfig,
};
use serde_json::Value;
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// The absolute part of the tolerance: TRL's own noise is 1.1e-5.
const ABSOLUTE: f64 = 3e-5;

/// A run of TRL, with its tokeniser.
struct Run {
    value: Value,
    tokenizer: Tokenizer,
}

fn runs(trainer: &str) -> Vec<Run> {
    let golden = read_json("train_modern.json");
    let of_trainer = golden["runs"].as_array().unwrap().iter().filter(|run| run["trainer"] == trainer);
    let run = |value: &Value| {
        let folder = golden_dir().join(value["model"].as_str().unwrap());
        let mut tokenizer = Tokenizer::from_pretrained(folder).unwrap();
        if let Some(name) = value["chat_template"].as_str() {
            tokenizer = tokenizer.with_chat_template(golden["templates"][name].as_str().unwrap(), name).unwrap();
        }
        Run { value: value.clone(), tokenizer }
    };
    of_trainer.map(run).collect()
}

impl Run {
    fn config(&self, name: &str) -> &Value {
        &self.value["config"][name]
    }

    fn training(&self) -> TrainingConfig {
        training(&self.value["config"])
    }

    /// The initial model, with the initial adapter if there is one.
    fn policy(&self) -> Box<dyn CausalLm> {
        let base = load(&golden_dir().join(self.value["model"].as_str().unwrap()));
        match self.value["lora"]["init"].as_str() {
            Some(adapter) => Box::new(LoraModel::from_pretrained(base, &golden_dir().join(adapter)).unwrap()),
            None => base,
        }
    }

    /// The rows of the run.
    fn rows<E: ExampleRow + PromptedRow<N>, const N: usize>(&self) -> Vec<E> {
        let rows = Examples::read(golden_dir().join(self.value["data"].as_str().unwrap())).unwrap().into_rows();
        let only_without_system = self.value.get("rows").is_some();
        let kept = |row: &E| match row.parts() {
            RowParts::Conversation { prompt, .. } => {
                !only_without_system || prompt.iter().all(|message| message.role() != "system")
            }
            RowParts::Plain { .. } => !only_without_system,
        };
        rows.into_iter().filter(kept).collect()
    }

    fn options(&self) -> EncodeOptions {
        EncodeOptions {
            max_length: self.config("max_length").as_u64().map(|length| length as usize),
            invalid_rows: InvalidRows::KeepEqual,
            ..EncodeOptions::default()
        }
    }

    fn assert_first_batch(&self, found: &Tensor, field: &str) {
        let expected: Vec<Vec<i64>> = serde_json::from_value(self.value["first_batch"][field].clone()).unwrap();
        assert_eq!(Vec::<Vec<i64>>::try_from(found).unwrap(), expected, "{}: {field}", self.value["name"]);
    }

    /// Compares the trained adapter with that of PEFT.
    fn assert_adapter(&self, trained: &dyn CausalLm) {
        let Some(name) = self.value["final_adapter"].as_str() else { return };
        let base = load(&golden_dir().join(self.value["model"].as_str().unwrap()));
        let expected = LoraModel::from_pretrained(base, &golden_dir().join(name)).unwrap();
        assert_eq!(expected.parameters().len(), trained.parameters().len(), "{name}");
        for (weight, expected) in expected.parameters().iter() {
            let found = trained.parameters().get(weight).unwrap_or_else(|| panic!("{name}: no {weight}"));
            let distance = (found - expected).abs().max().double_value(&[]);
            assert!(distance < 2e-4, "{name}, {weight}: {distance}");
        }
    }
}

fn load(folder: &Path) -> Box<dyn CausalLm> {
    AutoModelForCausalLm::from_pretrained(folder, Kind::Float, Device::Cpu).unwrap()
}

#[test]
fn dpo_follows_trl() {
    let runs = runs("DPOTrainer");
    assert!(runs.len() >= 11, "{} runs", runs.len());
    for run in runs {
        let pairs = encode_pairs(&run.tokenizer, &run.rows::<PairExample, 2>(), &run.options()).unwrap().pairs;
        let first: Vec<_> = pairs.iter().take(4).collect();
        let batch = CompletionBatch::of_pairs(&first, run.value["pad_token_id"].as_i64().unwrap()).unwrap();
        run.assert_first_batch(&batch.input_ids, "input_ids");
        run.assert_first_batch(&batch.completion_mask, "completion_mask");
        let loss_type: Vec<LossType> = serde_json::from_value(run.config("loss_type").clone()).unwrap();
        for prefix_sharing in [PrefixSharing::Off, PrefixSharing::On] {
            let beta = run.config("beta").as_f64().unwrap();
            let loss_type = loss_type.clone();
            let config =
                DpoConfig { beta, loss_type, prefix_sharing, training: run.training(), ..DpoConfig::default() };
            // Without a given reference, it is the initial policy: the model without an adapter, since B is 0 at first, or with the
            // adapter that is trained further.
            let trainer = DpoTrainer::new(run.policy(), None, pairs.clone(), config).unwrap();
            run.assert_adapter(&assert_steps(&run.value, trainer, ABSOLUTE));
        }
    }
}

#[test]
fn kto_follows_trl() {
    let runs = runs("KTOTrainer");
    assert!(!runs.is_empty());
    for run in runs {
        let rows = encode_unpaired(&run.tokenizer, &run.rows::<UnpairedExample, 1>(), &run.options()).unwrap().rows;
        let config = KtoConfig {
            beta: run.config("beta").as_f64().unwrap(),
            desirable_weight: run.config("desirable_weight").as_f64().unwrap(),
            undesirable_weight: run.config("undesirable_weight").as_f64().unwrap(),
            max_length: run.options().max_length,
            training: run.training(),
            ..KtoConfig::default()
        };
        assert_steps(&run.value, KtoTrainer::new(run.policy(), None, rows, config).unwrap(), ABSOLUTE);
    }
}

#[test]
fn fine_tuning_follows_trl() {
    let runs = runs("SFTTrainer");
    assert!(runs.len() >= 5, "{} runs", runs.len());
    for run in runs {
        let config = SftConfig {
            max_length: run.options().max_length,
            assistant_only_loss: run.config("assistant_only_loss").as_bool().unwrap(),
            completion_only_loss: run.config("completion_only_loss").as_bool(),
            training: TrainingConfig { disable_dropout: false, ..run.training() },
            ..SftConfig::default()
        };
        let (rows, _) = config.encode(&run.tokenizer, &run.rows::<CompletionExample, 1>(), InvalidRows::Drop).unwrap();
        let first = rows.iter().take(4);
        let completion_only = run.config("completion_only_loss").as_bool().unwrap();
        let labels: Vec<Vec<i64>> = first.map(|row| row.labels(completion_only)).collect();
        let expected: Vec<Vec<i64>> = serde_json::from_value(run.value["first_batch"]["labels"].clone()).unwrap();
        for (found, expected) in labels.iter().zip(&expected) {
            assert_eq!(found, &expected[..found.len()], "{}", run.value["name"]);
            assert!(expected[found.len()..].iter().all(|label| *label == -100));
        }
        let trainer = SftTrainer::new(run.policy(), rows, config).unwrap();
        run.assert_adapter(&assert_steps(&run.value, trainer, ABSOLUTE));
    }
}

#[test]
fn reward_models_follow_trl() {
    let runs = runs("RewardTrainer");
    assert!(runs.len() >= 5, "{} runs", runs.len());
    for run in runs {
        let mut rows = run.rows::<RewardExample, 2>();
        if run.value.get("columns_dropped").is_some() {
            rows.iter_mut().for_each(|row| match &mut row.pair {
                Example::Plain(pair) => pair.numbers.margin = None,
                Example::Conversation(pair) => pair.numbers.margin = None,
            });
        }
        let pairs = encode_reward_pairs(&run.tokenizer, &rows, &run.options()).unwrap().pairs;
        // The trainer's collator pads with the padding token of the tokeniser, or else EOS.
        let pad = run.value["pad_token_id"].as_i64().unwrap();
        let first = || pairs.iter().take(4);
        let texts = first().map(|pair| &pair.chosen_ids).chain(first().map(|pair| &pair.rejected_ids));
        let batch = right_pad(&texts.cloned().collect::<Vec<_>>(), pad).unwrap();
        run.assert_first_batch(&batch.input_ids, "input_ids");
        run.assert_first_batch(&batch.attention_mask, "attention_mask");
        let folder = golden_dir().join(run.value["model"].as_str().unwrap());
        let mut policy =
            AutoModelForSequenceClassification::from_pretrained(&folder, Kind::Float, Device::Cpu).unwrap();
        policy.set_pad_token_id(pad);
        let config = RewardConfig {
            center_rewards_coefficient: run.config("center_rewards_coefficient").as_f64(),
            max_length: run.options().max_length,
            training: run.training(),
            ..RewardConfig::default()
        };
        assert_steps(&run.value, RewardTrainer::new(policy, pairs, config).unwrap(), ABSOLUTE);
    }
}
