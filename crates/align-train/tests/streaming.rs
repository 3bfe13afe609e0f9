//! Runs whose training rows are read from a cache of token ids.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_data::streaming::BlockShuffle;
use align_data::tables::{ColumnNames, Examples};
use align_data::{PairExample, RewardExample, UnpairedExample};
use align_train::run::{Dataset, RunObjective};
use align_train::{
    CpoConfig, CpoRun, DpoConfig, DpoRun, Flow, IntervalStrategy, KtoConfig, KtoRun, LossType, Objective, Observer,
    Result, RewardConfig, RewardRun, Run, SamplingStrategy, StepRecord, StopSignal, Trainer, TrainingConfig,
    TrainingRecords,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The matmul precision that a run sets is the process's.
fn alone() -> MutexGuard<'static, ()> {
    static RUNS: Mutex<()> = Mutex::new(());
    RUNS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn model() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/data/models/gpt2-tiny")
}

const ROWS: usize = 30;

fn pairs(folder: &Path) -> PathBuf {
    let line = |row: usize| {
        let (chosen, rejected) = (format!(" a joy, {row} times."), format!(" dull, {} times over.", row * row));
        let weight = 1.0 + (row % 3) as f64;
        serde_json::json!({"prompt": "The film was", "chosen": chosen, "rejected": rejected, "weight": weight})
            .to_string()
    };
    let path = folder.join("pairs.jsonl");
    fs::write(&path, (0..ROWS).map(line).collect::<Vec<_>>().join("\n")).unwrap();
    path
}

fn training(sampling: SamplingStrategy) -> TrainingConfig {
    TrainingConfig {
        train_sampling_strategy: sampling,
        num_train_epochs: Some(2.0),
        per_device_train_batch_size: 4,
        gradient_accumulation_steps: 2,
        logging_steps: 1,
        learning_rate: 1e-3,
        save_strategy: IntervalStrategy::Steps,
        save_steps: Some(3),
        ..TrainingConfig::default()
    }
}

fn streamed<E>(folder: &Path) -> Dataset<E> {
    Dataset::streamed(&[pairs(folder)], ColumnNames::default(), folder.join("caches"))
}

fn weights(run: &Path) -> Vec<u8> {
    fs::read(run.join("model/model.safetensors")).unwrap()
}

/// Trains on the same rows in memory and streamed. In the order of the file both give the same bytes, in one epoch: in later ones, the
/// reference log-probabilities in memory are those of other batches.
fn compare<O: RunObjective>(name: &str, memory: Run<O>, streamed: Run<O>, dir: &Path) {
    let [memory_dir, streamed_dir] = ["memory", "streamed"].map(|rows| dir.join(format!("{name}-{rows}")));
    let in_memory = memory.output_dir(&memory_dir).train().unwrap();
    let from_disk = streamed.output_dir(&streamed_dir).train().unwrap();
    assert_eq!((in_memory.steps, in_memory.last_step), (from_disk.steps, from_disk.last_step), "{name}");
    assert!(weights(&memory_dir) == weights(&streamed_dir), "{name}");
}

#[test]
fn streamed_rows_train_like_rows_in_memory() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let files = [pairs(dir)];
    let training = TrainingConfig { num_train_epochs: Some(1.0), ..training(SamplingStrategy::Sequential) };
    let read = || {
        let (names, numbers) = (ColumnNames::default(), [align_data::PairNumber::Weight]);
        Examples::<PairExample>::read_files_with_numbers(&files, &names, &numbers).unwrap()
    };
    for (name, loss_type) in [("sigmoid", LossType::Sigmoid), ("aot", LossType::Aot)] {
        let config = DpoConfig {
            loss_type: vec![loss_type],
            row_weights: loss_type == LossType::Sigmoid,
            training: training.clone(),
            ..DpoConfig::default()
        };
        let memory = DpoRun::new(model(), read(), config.clone()).unwrap();
        compare(name, memory, DpoRun::new(model(), streamed::<PairExample>(dir), config).unwrap(), dir);
    }
    let config = CpoConfig { training: training.clone(), ..CpoConfig::default() };
    let memory = CpoRun::new(model(), read(), config.clone()).unwrap();
    compare("cpo", memory, CpoRun::new(model(), streamed::<PairExample>(dir), config).unwrap(), dir);
    let config = RewardConfig { training, ..RewardConfig::default() };
    let rewards = Examples::<RewardExample>::read_files(&files, &ColumnNames::default()).unwrap();
    let memory = RewardRun::new(model(), rewards, config.clone()).unwrap();
    compare("reward", memory, RewardRun::new(model(), streamed::<RewardExample>(dir), config).unwrap(), dir);
    assert_eq!(fs::read_dir(dir.join("caches")).unwrap().count(), 4, "weights, no weights, with BOS, whole texts");
}

/// Stops a run after a step, as another thread would.
struct StopAfter(u64, StopSignal);

impl<O: Objective> Observer<O> for StopAfter {
    fn on_step(&mut self, _: &Trainer<O>, record: &StepRecord) -> Result<Flow> {
        if record.step == self.0 {
            self.1.stop();
        }
        Ok(Flow::Continue)
    }
}

#[test]
fn a_stopped_run_ends_with_the_same_bytes() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let run = |name: &str| {
        let config = DpoConfig { training: training(SamplingStrategy::Random), ..DpoConfig::default() };
        DpoRun::new(model(), streamed::<PairExample>(dir), config).unwrap().output_dir(dir.join(name))
    };
    let whole = run("whole").train().unwrap();
    assert_eq!((whole.steps, whole.finished), (8, true));
    let stop = StopSignal::default();
    let stopped = run("stopped").observer(StopAfter(5, stop.clone())).stop_signal(stop).train().unwrap();
    assert_eq!((stopped.steps, stopped.finished), (5, false));
    // Another cache of the same content is as good.
    fs::rename(dir.join("caches"), dir.join("moved")).unwrap();
    run("stopped").resume().train().unwrap();
    assert!(weights(&dir.join("whole")) == weights(&dir.join("stopped")));
    let losses = |name: &str| {
        let records = TrainingRecords::read(&dir.join(name).join("metrics.jsonl")).unwrap();
        records.steps.iter().map(|step| step.loss).collect::<Vec<_>>()
    };
    assert_eq!(losses("whole"), losses("stopped"));
    // Other rows are another run.
    let text = fs::read_to_string(dir.join("pairs.jsonl")).unwrap();
    let other = dir.join("other.jsonl");
    fs::write(&other, text.replacen("a joy", "a toy", 1)).unwrap();
    let config = DpoConfig { training: training(SamplingStrategy::Random), ..DpoConfig::default() };
    let data = Dataset::<PairExample>::streamed(&[other], ColumnNames::default(), dir.join("caches"));
    let unfinished = dir.join("unfinished");
    let stop = StopSignal::default();
    run("unfinished").observer(StopAfter(5, stop.clone())).stop_signal(stop).train().unwrap();
    let other = DpoRun::new(model(), data, config).unwrap().output_dir(unfinished).resume();
    let said = other.train().unwrap_err().to_string();
    assert!(said.contains("was written by a run on other training rows"), "{said}");
}

/// The rows of each step are those of the stated order.
#[test]
fn the_order_is_that_of_the_block_shuffle() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let lines: Vec<String> = fs::read_to_string(pairs(dir)).unwrap().lines().map(str::to_owned).collect();
    let one_epoch = |sampling| TrainingConfig { num_train_epochs: Some(1.0), ..training(sampling) };
    let config = |sampling| DpoConfig { training: one_epoch(sampling), ..DpoConfig::default() };
    let shuffled = DpoRun::new(model(), streamed::<PairExample>(dir), config(SamplingStrategy::Random)).unwrap();
    let order = BlockShuffle::new(ROWS, one_epoch(SamplingStrategy::Random).seed, 0);
    let ordered = dir.join("ordered.jsonl");
    fs::write(&ordered, (0..ROWS).map(|position| lines[order.row(position)].clone() + "\n").collect::<String>())
        .unwrap();
    let data = Dataset::<PairExample>::streamed(&[ordered], ColumnNames::default(), dir.join("caches"));
    let sequential = DpoRun::new(model(), data, config(SamplingStrategy::Sequential)).unwrap();
    compare("order", sequential, shuffled, dir);
}

#[test]
fn what_needs_all_rows_is_refused() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let refusal = |run: DpoRun| run.output_dir(dir.join("run")).train().unwrap_err().to_string();
    let dpo = |config: DpoConfig| DpoRun::new(model(), streamed::<PairExample>(dir), config).unwrap();
    let said = refusal(dpo(DpoConfig { precompute_ref_log_probs: true, ..DpoConfig::default() }));
    assert!(said.starts_with("option precompute_ref_log_probs keeps the log-probabilities of all rows"), "{said}");
    let grouped = training(SamplingStrategy::GroupByLength);
    let said = refusal(dpo(DpoConfig { training: grouped, ..DpoConfig::default() }));
    assert!(said.starts_with("option train_sampling_strategy is group_by_length"), "{said}");
    let said = refusal(dpo(DpoConfig::default()).eval(streamed::<PairExample>(dir)));
    assert!(said.starts_with("option streaming applies to training rows"), "{said}");
    let said = dpo(DpoConfig::default()).output_dir(dir.join("run")).dry_run().unwrap_err().to_string();
    assert!(said.starts_with("option streaming writes a cache"), "{said}");
    assert!(!dir.join("caches").exists() && !dir.join("run/config.toml").exists(), "nothing is tokenised before");
    let kto = KtoRun::new(model(), streamed::<UnpairedExample>(dir), KtoConfig::default()).unwrap();
    let said = kto.output_dir(dir.join("kto")).train().unwrap_err().to_string();
    assert!(said.contains("option streaming is not supported for this kind of training"), "{said}");
    fs::write(dir.join("pairs.jsonl"), "").unwrap();
    let empty =
        Dataset::<PairExample>::streamed(&[dir.join("pairs.jsonl")], ColumnNames::default(), dir.join("caches"));
    let said = refusal(DpoRun::new(model(), empty, DpoConfig::default()).unwrap());
    assert!(said.contains("pairs.jsonl: no row is left"), "{said}");
}

/// A cache was built for a model with longer sequences.
#[test]
fn rows_that_the_model_cannot_take_are_refused_without_reading_them() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let words = " word".repeat(5000);
    let file = dir.join("long.jsonl");
    fs::write(&file, format!("{{\"prompt\": \"The film\", \"chosen\": \"{words}\", \"rejected\": \" was.\"}}\n"))
        .unwrap();
    let data = Dataset::<PairExample>::streamed(&[file], ColumnNames::default(), dir.join("caches"));
    let run = DpoRun::new(model(), data, DpoConfig::default()).unwrap().max_length(4000);
    let said = run.output_dir(dir.join("run")).train().unwrap_err().to_string();
    assert!(said.contains("the longest training row has 4000 tokens, but the model takes at most"), "{said}");
}
