//! A run that was stopped and resumed is the uninterrupted run, byte for byte; one of another kind is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_data::{EncodeOptions, EncodedPair, PreferencePair, Tokenizer, encode_pairs};
use align_models::{CausalLm, Gpt2};
use align_train::{CheckpointSaver, DpoConfig, DpoTrainer, Flow, MetricsFile, Observer, StepRecord, latest_checkpoint};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tch::{Device, Kind};

/// Dropout draws from LibTorch's generator, which all threads of a process share.
static GENERATOR: Mutex<()> = Mutex::new(());

fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/data")
}

fn policy(kind: Kind) -> Gpt2 {
    Gpt2::from_pretrained(&data().join("models/gpt2-tiny"), kind, Device::Cpu).unwrap()
}

fn pairs(count: usize) -> Vec<EncodedPair> {
    let text = std::fs::read_to_string(data().join("train.jsonl")).unwrap();
    let pairs: Vec<PreferencePair> = text.lines().take(count).map(|line| serde_json::from_str(line).unwrap()).collect();
    let tokenizer = Tokenizer::from_pretrained(data().join("models/gpt2-tiny")).unwrap();
    encode_pairs(&tokenizer, &pairs, &EncodeOptions::default()).unwrap().pairs
}

/// Shuffled rows, dropout, accumulation with a partial last window, two epochs: all that a resume could get wrong.
fn config() -> DpoConfig {
    DpoConfig {
        per_device_train_batch_size: 4,
        gradient_accumulation_steps: 2,
        num_train_epochs: Some(2.0),
        learning_rate: 1e-3,
        weight_decay: 0.1,
        warmup_steps: 2,
        disable_dropout: false,
        ..DpoConfig::default()
    }
}

fn trainer(kind: Kind) -> DpoTrainer<Gpt2> {
    DpoTrainer::new(policy(kind), None, pairs(22), config()).unwrap()
}

/// Stops a run after a step.
struct StopAfter(u64);

impl<M: CausalLm> Observer<M> for StopAfter {
    fn on_step(&mut self, _: &DpoTrainer<M>, record: &StepRecord) -> align_train::Result<Flow> {
        Ok(if record.step >= self.0 { Flow::Stop } else { Flow::Continue })
    }
}

fn weights(dir: &Path) -> Vec<u8> {
    std::fs::read(dir.join("model.safetensors")).unwrap()
}

fn run_to_the_end(mut trainer: DpoTrainer<Gpt2>, into: &Path) -> Vec<StepRecord> {
    let steps = trainer.by_ref().map(Result::unwrap).collect();
    trainer.into_policy().save_pretrained(into, false).unwrap();
    steps
}

#[test]
fn resumed_weights_and_records_are_those_of_the_uninterrupted_run() {
    let _alone = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    for kind in [Kind::Float, Kind::BFloat16] {
        let dir = tempfile::tempdir().unwrap();
        let whole = run_to_the_end(trainer(kind), &dir.path().join("whole"));
        assert_eq!(whole.len(), 6);
        for stop in [1, 3, 4] {
            let run = dir.path().join(format!("run-{stop}"));
            std::fs::create_dir(&run).unwrap();
            let mut metrics = MetricsFile::create(&run.join("metrics.jsonl")).unwrap();
            let mut first = trainer(kind);
            let summary =
                first.train(&mut [&mut metrics, &mut CheckpointSaver::new(&run), &mut StopAfter(stop)]).unwrap();
            assert_eq!((summary.steps, summary.finished), (stop, false));
            drop(first);

            let mut resumed = trainer(kind);
            resumed.resume(&latest_checkpoint(&run).unwrap().unwrap()).unwrap();
            assert_eq!(resumed.step(), stop);
            let rest = run_to_the_end(resumed, &run.join("end"));
            assert_eq!(rest, whole[stop as usize..], "stopped after {stop}, {kind:?}");
            assert!(weights(&run.join("end")) == weights(&dir.path().join("whole")), "stopped after {stop}, {kind:?}");
        }
    }
}

#[test]
fn the_same_run_twice_gives_the_same_bytes() {
    let _alone = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (dir.path().join("a"), dir.path().join("b"));
    assert_eq!(run_to_the_end(trainer(Kind::Float), &a), run_to_the_end(trainer(Kind::Float), &b));
    assert!(weights(&a) == weights(&b));
}

#[test]
fn a_checkpoint_of_another_run_is_refused_and_says_why() {
    let _alone = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    let dir = tempfile::tempdir().unwrap();
    let checkpoint = dir.path().join("checkpoint-1");
    let mut run = trainer(Kind::Float);
    run.next_step().unwrap();
    run.save_checkpoint(&checkpoint).unwrap();
    let refusal = |mut trainer: DpoTrainer<Gpt2>| trainer.resume(&checkpoint).unwrap_err().to_string();

    let beta = DpoConfig { beta: 0.2, ..config() };
    let other = refusal(DpoTrainer::new(policy(Kind::Float), None, pairs(22), beta).unwrap());
    assert!(other.contains("beta = 0.1") && other.contains("0.2"), "{other}");

    let other = refusal(DpoTrainer::new(policy(Kind::Float), None, pairs(21), config()).unwrap());
    assert!(other.contains("other training pairs"), "{other}");

    let reference = policy(Kind::Float);
    tch::no_grad(|| {
        let _ = reference.head().shallow_clone().g_mul_scalar_(1.01);
    });
    let other = refusal(DpoTrainer::new(policy(Kind::Float), Some(reference), pairs(22), config()).unwrap());
    assert!(other.contains("another reference"), "{other}");

    assert!(run.save_checkpoint(&checkpoint).unwrap_err().to_string().contains("exists already"));
    for file in ["trainer_state.json", "optimizer.safetensors", "reference_logps.safetensors", "model.safetensors"] {
        let broken = dir.path().join(format!("without-{file}"));
        std::fs::create_dir(&broken).unwrap();
        for entry in std::fs::read_dir(&checkpoint).unwrap().flatten() {
            std::fs::copy(entry.path(), broken.join(entry.file_name())).unwrap();
        }
        let half = std::fs::read(broken.join(file)).unwrap();
        std::fs::write(broken.join(file), &half[..half.len() / 2]).unwrap();
        let error = trainer(Kind::Float).resume(&broken).unwrap_err().to_string();
        assert!(error.contains(file), "{file}: {error}");
    }
}

#[test]
fn pairs_that_the_model_cannot_take_are_refused_by_row() {
    let mut long = pairs(3);
    long[1].chosen_ids = vec![1; 200];
    let error = DpoTrainer::new(policy(Kind::Float), None, long, config()).unwrap_err().to_string();
    assert!(error.contains("row 2") && error.contains("max_length"), "{error}");
    let mut foreign = pairs(3);
    foreign[2].rejected_ids[0] = 50_000;
    let error = DpoTrainer::new(policy(Kind::Float), None, foreign, config()).unwrap_err().to_string();
    assert!(error.contains("row 3, rejected") && error.contains("50000"), "{error}");
    assert!(DpoTrainer::new(policy(Kind::Float), None, Vec::new(), config()).is_err());
}
