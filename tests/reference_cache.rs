//! Precomputed reference log-probabilities, and the file in which they are cached.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_data::streaming::RowStatistics;
use align_data::{EncodeOptions, EncodedPair, PreferencePair, Tokenizer, encode_pairs};
use align_losses::LossType;
use align_models::{CausalLm, Gpt2, TrainableModel};
use align_train::objective::{Batch, BatchOutput, Dpo, Split};
use align_train::{DpoConfig, DpoTrainer, Objective, ProcessGroup, StepRecord, TrainingConfig};
use std::path::{Path, PathBuf};
use tch::{Device, Kind, Tensor};

fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/data")
}

fn policy() -> Gpt2 {
    Gpt2::from_pretrained(&data().join("models/gpt2-tiny"), Kind::Float, Device::Cpu).unwrap()
}

fn pairs() -> Vec<EncodedPair> {
    let text = std::fs::read_to_string(data().join("train.jsonl")).unwrap();
    let pairs: Vec<PreferencePair> = text.lines().take(14).map(|line| serde_json::from_str(line).unwrap()).collect();
    let tokenizer = Tokenizer::from_pretrained(data().join("models/gpt2-tiny")).unwrap();
    encode_pairs(&tokenizer, &pairs, &EncodeOptions::default()).unwrap().pairs
}

fn config() -> DpoConfig {
    let training = TrainingConfig {
        per_device_train_batch_size: 4,
        num_train_epochs: Some(2.0),
        learning_rate: 1e-3,
        ..TrainingConfig::default()
    };
    DpoConfig { training, micro_batch_tokens: 200, ..DpoConfig::default() }
}

fn precomputing_config(dir: Option<&Path>) -> DpoConfig {
    DpoConfig { precompute_ref_log_probs: true, ref_log_probs_dir: dir.map(Path::to_path_buf), ..config() }
}

fn run(config: DpoConfig) -> align_train::Result<(Vec<StepRecord>, f64)> {
    let mut trainer = DpoTrainer::new(policy(), None, pairs(), config)?.with_evaluation(pairs()[..5].to_vec())?;
    let steps = trainer.by_ref().collect::<align_train::Result<_>>()?;
    let evaluation = trainer.evaluate()?;
    Ok((steps, evaluation.eval_loss))
}

fn assert_same((steps, evaluation): &(Vec<StepRecord>, f64), (others, other): &(Vec<StepRecord>, f64)) {
    assert_eq!(steps.len(), others.len());
    for (a, b) in steps.iter().zip(others) {
        assert!((a.loss - b.loss).abs() < 1e-5 && (a.grad_norm - b.grad_norm).abs() < 1e-3, "{a:?} {b:?}");
    }
    assert!((evaluation - other).abs() < 1e-5);
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn precomputed_log_probabilities_equal_those_computed_during_training() {
    let live = run(config()).unwrap();
    assert!((live.0[0].loss - 2f64.ln()).abs() < 1e-5, "a policy starts at its reference");
    assert_same(&run(precomputing_config(None)).unwrap(), &live);
    let dir = tempfile::tempdir().unwrap();
    let kept = dir.path().join("kept");
    assert_same(&run(precomputing_config(Some(&kept))).unwrap(), &live);
    let (written, before) = (files(&kept), std::fs::read(&files(&kept)[0]).unwrap());
    assert_eq!(written.len(), 2, "one file of the training rows, one of the held-out ones");
    assert_same(&run(precomputing_config(Some(&kept))).unwrap(), &live);

    // Runs with another loss, other loss options or other options of the token weights use the same files.
    let other =
        |config: DpoConfig| DpoConfig { loss_type: vec![LossType::Ipo], beta: 0.3, ld_alpha: Some(0.5), ..config };
    assert_same(&run(other(precomputing_config(Some(&kept)))).unwrap(), &run(other(config())).unwrap());
    assert_eq!(files(&kept), written);
    assert_eq!(std::fs::read(&written[0]).unwrap(), before);

    // So do runs whose rows have other numbers, which the reference model does not see.
    let mut rows = pairs();
    rows.iter_mut().for_each(|pair| pair.numbers.weight = Some(0.5));
    let weighted = DpoConfig { row_weights: true, ..precomputing_config(Some(&kept)) };
    let mut trainer = DpoTrainer::new(policy(), None, rows, weighted).unwrap();
    let first = trainer.next_step().unwrap().unwrap();
    assert!((first.loss - 0.5 * 2f64.ln()).abs() < 1e-5, "{first:?}");
    assert_eq!(files(&kept), written);
}

#[test]
fn another_reference_uses_another_file() {
    let dir = tempfile::tempdir().unwrap();
    let reference = policy();
    let (_, weight) = reference.parameters().iter().next().unwrap();
    let _ = tch::no_grad(|| weight.shallow_clone().g_mul_scalar_(1.001));
    for reference in [None, Some(Box::new(reference) as Box<dyn CausalLm>)] {
        DpoTrainer::new(policy(), reference, pairs(), precomputing_config(Some(dir.path()))).unwrap();
    }
    assert_eq!(files(dir.path()).len(), 2);
}

#[test]
fn a_file_with_wrong_numbers_is_rejected() {
    let dir = tempfile::tempdir().unwrap();
    let trainer = || DpoTrainer::new(policy(), None, pairs(), precomputing_config(Some(dir.path())));
    trainer().unwrap();
    let file = files(dir.path()).remove(0);
    let good = std::fs::read(&file).unwrap();
    let mut damaged = good.clone();
    // Change the last token's log-probability.
    let end = damaged.len();
    damaged[end - 4..].copy_from_slice(&(-90f32).to_le_bytes());
    for bytes in [damaged, good[..end - 8].to_vec()] {
        std::fs::write(&file, bytes).unwrap();
        let problem = trainer().unwrap_err().to_string();
        assert!(problem.contains(file.file_name().unwrap().to_str().unwrap()), "{problem}");
    }
    std::fs::write(&file, good).unwrap();
    trainer().unwrap();
}

#[test]
fn rows_added_after_the_precomputation_are_rejected() {
    let mut trainer = DpoTrainer::new(policy(), None, pairs(), precomputing_config(None)).unwrap();
    trainer.next().unwrap().unwrap();
    let problem = trainer.with_evaluation(pairs()).unwrap_err().to_string();
    assert!(problem.contains("precompute_ref_log_probs") && problem.contains("before training"), "{problem}");
}

/// What happens to the reference model between the computation ahead of a step and the step.
#[derive(PartialEq)]
enum Change {
    Nothing,
    /// Its weights are set to 0 without the objective's knowledge.
    Damage,
    /// It is moved to the policy.
    Sync,
}

/// The output of a step on streamed pairs, if the reference model's log-probabilities of pairs are computed `ahead` of it.
fn streamed_step(ahead: &[EncodedPair], change: &Change) -> BatchOutput {
    let (pairs, single) = (pairs()[..6].to_vec(), ProcessGroup::single());
    let reference = policy();
    let weights: Vec<Tensor> = reference.parameters().iter().map(|(_, weight)| weight.shallow_clone()).collect();
    tch::no_grad(|| weights.iter().for_each(|weight| drop(weight.shallow_clone().g_mul_scalar_(1.01))));
    let training = TrainingConfig { per_device_train_batch_size: 6, ..TrainingConfig::default() };
    let sync = (*change == Change::Sync).then_some(1);
    let config = DpoConfig { training, sync_ref_model: sync.is_some(), ref_model_sync_steps: sync, ..config() };
    let mut dpo = Dpo::new(policy(), Some(Box::new(reference)), config).unwrap();
    let statistics = RowStatistics { ids: 1000, longest: 100, longest_row: 0, largest_id: 100 };
    dpo.prepare_streaming(statistics, &single).unwrap();
    let logps = dpo.compute_reference_ahead(ahead).unwrap().unwrap();
    let lengths = logps.iter().map(|pair| (pair.chosen.len(), pair.rejected.len()));
    let expected = ahead.iter().map(|pair| (pair.chosen_ids.len(), pair.rejected_ids.len()));
    assert!(lengths.eq(expected) && logps.iter().all(|pair| pair.chosen.iter().all(|logp| *logp < 0.0)));
    match change {
        Change::Nothing => {}
        Change::Damage => tch::no_grad(|| weights.iter().for_each(|weight| drop(weight.shallow_clone().zero_()))),
        Change::Sync => dpo.after_step(1).unwrap(),
    }
    dpo.policy().parameters().set_requires_grad(true);
    let indices: Vec<usize> = (0..pairs.len()).collect();
    dpo.compute_loss(&Batch::new(Split::Train, &pairs, &indices, &single), Some(1.0)).unwrap()
}

#[test]
fn streamed_rows_can_have_their_log_probabilities_computed_ahead_of_the_step() {
    let pairs = pairs()[..6].to_vec();
    let expected = streamed_step(&[], &Change::Nothing);
    // Several micro-batches, equal to the last bit. The damaged model shows that the step does not run it.
    assert_eq!(streamed_step(&pairs, &Change::Nothing), expected);
    assert_eq!(streamed_step(&pairs, &Change::Damage), expected);
    assert_ne!(streamed_step(&[], &Change::Damage), expected);
    // Other rows than those of the step are not used, nor values of a reference model that has moved since.
    assert_eq!(streamed_step(&pairs[1..], &Change::Nothing), expected);
    let moved = streamed_step(&[], &Change::Sync);
    assert_ne!(moved, expected);
    assert_eq!(streamed_step(&pairs, &Change::Sync), moved);
}
