//! The metrics that evaluations log, and a run whose evaluation lacks the metric that selects the best model.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_data::{
    EncodeOptions, EncodedLabelledText, EncodedPair, EncodedText, EncodedUnpairedPreference, PreferencePair, Tokenizer,
    UnpairedPreference, encode_pairs, encode_unpaired,
};
use align_losses::LossType;
use align_models::{DistilBert, Gpt2};
use align_train::{
    CheckpointSaver, ClassificationConfig, ClassificationTrainer, CpoConfig, CpoLossType, CpoTrainer, DpoConfig,
    DpoTrainer, EarlyStopping, IntervalStrategy, KtoConfig, KtoLossType, KtoTrainer, MetricsFile, Objective, RunConfig,
    SftConfig, SftTrainer, Trainer, TrainingConfig, TrainingRecords, latest_checkpoint,
};
use std::path::{Path, PathBuf};
use tch::{Device, Kind};

fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/data")
}

fn policy() -> Gpt2 {
    Gpt2::from_pretrained(&data().join("models/gpt2-tiny"), Kind::Float, Device::Cpu).unwrap()
}

fn rows<R: serde::de::DeserializeOwned>(file: &str, count: usize) -> Vec<R> {
    let text = std::fs::read_to_string(data().join(file)).unwrap();
    text.lines().take(count).map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn tokenizer() -> Tokenizer {
    Tokenizer::from_pretrained(data().join("models/gpt2-tiny")).unwrap()
}

fn pairs() -> Vec<EncodedPair> {
    let pairs: Vec<PreferencePair> = rows("train.jsonl", 8);
    encode_pairs(&tokenizer(), &pairs, &EncodeOptions::default()).unwrap().pairs
}

fn labelled() -> Vec<EncodedUnpairedPreference> {
    let rows: Vec<UnpairedPreference> = rows("train_kto.jsonl", 16);
    encode_unpaired(&tokenizer(), &rows, &EncodeOptions::default()).unwrap().rows
}

/// Asserts that an evaluation of these rows logs exactly the metrics that the objective lists.
fn assert_listed<O: Objective>(trainer: Trainer<O>, rows: Vec<O::Row>) {
    let mut trainer = trainer.with_evaluation(rows).unwrap();
    trainer.next_step().unwrap();
    let record = trainer.evaluate().unwrap();
    let logged: Vec<&str> = record.metrics.iter().map(|(name, _)| name).collect();
    let mut listed = trainer.config().evaluation_metrics().unwrap();
    listed.sort_unstable();
    assert_eq!(logged, listed, "{:?}", trainer.config());
}

#[test]
fn every_objective_lists_the_metrics_of_its_evaluations() {
    for loss_type in [vec![LossType::Sigmoid], vec![LossType::Ipo], vec![LossType::SppoHard]] {
        let config = DpoConfig { loss_type, ..DpoConfig::default() };
        assert_listed(DpoTrainer::new(policy(), None, pairs(), config).unwrap(), pairs());
    }
    for loss_type in [KtoLossType::Kto, KtoLossType::ApoZeroUnpaired, KtoLossType::Bco] {
        let config = KtoConfig { loss_type, ..KtoConfig::default() };
        assert_listed(KtoTrainer::new(policy(), None, labelled(), config).unwrap(), labelled());
    }
    for loss_type in [CpoLossType::Sigmoid, CpoLossType::Simpo, CpoLossType::Orpo, CpoLossType::SlicHf] {
        let config = CpoConfig { loss_type, ..CpoConfig::default() };
        assert_listed(CpoTrainer::new(policy(), pairs(), config).unwrap(), pairs());
    }
    let texts: Vec<EncodedText> = labelled()
        .into_iter()
        .map(|row| EncodedText {
            prompt_ids: row.prompt_ids,
            completion_ids: row.completion_ids,
            row: row.row,
            ..EncodedText::default()
        })
        .collect();
    assert_listed(SftTrainer::new(policy(), texts.clone(), SftConfig::default()).unwrap(), texts.clone());
    let classes: Vec<EncodedLabelledText> = texts
        .into_iter()
        .map(|text| EncodedLabelledText { input_ids: text.completion_ids, label: (text.row % 2) as i64, row: text.row })
        .collect();
    let classifier =
        DistilBert::from_pretrained(&data().join("models/distilbert-tiny"), Kind::Float, Device::Cpu).unwrap();
    let trainer = ClassificationTrainer::new(classifier, classes.clone(), ClassificationConfig::default()).unwrap();
    assert_listed(trainer, classes);
}

/// A KTO run that selects the best model by `metric` and evaluates every two steps. It saves a checkpoint only at its end.
fn kto_trainer(metric: &str, eval: Vec<EncodedUnpairedPreference>) -> KtoTrainer {
    let training = TrainingConfig {
        per_device_train_batch_size: 4,
        max_steps: Some(6),
        logging_steps: 10,
        eval_strategy: IntervalStrategy::Steps,
        eval_steps: Some(2),
        early_stopping_patience: Some(3),
        metric_for_best_model: Some(metric.into()),
        ..TrainingConfig::default()
    };
    let config = KtoConfig { training, ..KtoConfig::default() };
    KtoTrainer::new(policy(), None, labelled(), config).unwrap().with_evaluation(eval).unwrap()
}

fn train(trainer: &mut KtoTrainer, run: &Path, metrics: &mut MetricsFile) -> align_train::Result<u64> {
    let mut saver = CheckpointSaver::new(run);
    Ok(trainer.train(&mut [metrics, &mut EarlyStopping, &mut saver])?.steps)
}

#[test]
fn a_metric_that_an_evaluation_lacks_ends_the_run_with_a_checkpoint() {
    let run = tempfile::tempdir().unwrap();
    let (run, file) = (run.path(), run.path().join("metrics.jsonl"));
    let desirable = || labelled().into_iter().filter(|row| row.label).collect::<Vec<_>>();
    assert!(desirable().len() > 1 && desirable().len() < labelled().len());
    let mut first = kto_trainer("rewards/margins", desirable());
    let error = train(&mut first, run, &mut MetricsFile::create(&file).unwrap()).unwrap_err().to_string();
    for part in ["metric_for_best_model", "rewards/margins", "after step 2 does not have", "rewards/chosen"] {
        assert!(error.contains(part), "{error} lacks {part}");
    }
    let checkpoint = latest_checkpoint(run).unwrap().expect("a checkpoint is left");
    assert!(checkpoint.ends_with("checkpoint-2"), "{}", checkpoint.display());
    let records = TrainingRecords::read(&file).unwrap();
    // The mean over the steps is logged with the next line, after a resume.
    assert_eq!((records.evaluations.len(), records.steps.len()), (1, 0));

    // A resume with the same metric is rejected at once; with another metric the run continues.
    let mut again = kto_trainer("rewards/margins", desirable());
    again.resume(&checkpoint).unwrap();
    let mut metrics = MetricsFile::resume(&file, &again).unwrap();
    let error = train(&mut again, run, &mut metrics).unwrap_err().to_string();
    assert!(error.contains("after step 2 does not have"), "{error}");
    let mut resumed = kto_trainer("rewards/chosen", desirable());
    resumed.resume(&checkpoint).unwrap();
    let mut metrics = MetricsFile::resume(&file, &resumed).unwrap();
    assert_eq!(train(&mut resumed, run, &mut metrics).unwrap(), 6);
    let steps: Vec<u64> = TrainingRecords::read(&file).unwrap().evaluations.iter().map(|e| e.step).collect();
    assert_eq!(steps, [2, 4, 6]);
}
