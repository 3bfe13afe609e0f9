//! Flips three hundred bits in all files that a resumed program reads. Each flip must be rejected with the file's name, or must not
//! change the result.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use align_data::{
    EncodeOptions, EncodedPair, EncodedText, PreferencePair, Tokenizer, UnpairedPreference, encode_pairs,
    encode_unpaired,
};
use align_frontier::{Findings, SamplingOptions, SweepFolder, SweepModels, SweepOptions, SweepOutcome, csv, points};
use align_metrics::Bootstrap;
use align_models::{Gpt2, LoraConfig, LoraModel, TrainableModel};
use align_train::{
    CheckpointSaver, DpoConfig, DpoTrainer, Flow, KtoConfig, KtoTrainer, MetricsFile, Objective, Observer, SftConfig,
    SftTrainer, StepRecord, StopSignal, Trainer, TrainingConfig, latest_checkpoint,
};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use tch::{Device, Kind};

fn policy() -> Gpt2 {
    Gpt2::from_pretrained(support::golden_path("models/gpt2-tiny").as_ref(), Kind::Float, Device::Cpu).unwrap()
}

fn tokenizer() -> Tokenizer {
    Tokenizer::from_pretrained(support::golden_path("models/gpt2-tiny")).unwrap()
}

fn rows<T: serde::de::DeserializeOwned>(name: &str) -> Vec<T> {
    let text = fs::read_to_string(support::golden_path(name)).unwrap();
    text.lines().take(8).map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn pairs() -> Vec<EncodedPair> {
    encode_pairs(&tokenizer(), &rows::<PreferencePair>("train.jsonl"), &EncodeOptions::default()).unwrap().pairs
}

fn training() -> TrainingConfig {
    TrainingConfig {
        per_device_train_batch_size: 4,
        max_steps: Some(3),
        logging_steps: 1,
        learning_rate: 1e-3,
        ..TrainingConfig::default()
    }
}

fn config() -> DpoConfig {
    DpoConfig { training: training(), ..DpoConfig::default() }
}

/// A pseudo-random generator with a fixed seed.
struct BitFlips(u64);

impl BitFlips {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % limit
    }

    /// Flips a bit of the file, in half of the cases near the beginning, where headers are. Then calls `check` and restores the file.
    fn flip(&mut self, path: &Path, check: impl FnOnce(&str)) {
        let original = fs::read(path).unwrap();
        assert!(!original.is_empty(), "{}", path.display());
        let limit = if self.below(2) == 0 { original.len().min(200) } else { original.len() };
        let (byte, bit) = (self.below(limit), self.below(8));
        let mut flipped = original.clone();
        flipped[byte] ^= 1 << bit;
        fs::write(path, flipped).unwrap();
        check(&format!("bit {bit} of byte {byte} of {}", path.display()));
        fs::write(path, original).unwrap();
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).filter(|p| p.is_file()).collect();
    files.sort();
    files
}

struct StopAfter(u64);

impl<O: Objective> Observer<O> for StopAfter {
    fn on_step(&mut self, _: &Trainer<O>, record: &StepRecord) -> align_train::Result<Flow> {
        Ok(if record.step >= self.0 { Flow::Stop } else { Flow::Continue })
    }
}

/// Trains to the end, saves the model, and returns the bytes of its files.
fn train_to_end<O: Objective>(mut trainer: Trainer<O>, folder: &Path) -> Vec<Vec<u8>> {
    trainer.by_ref().for_each(|step| drop(step.unwrap()));
    trainer.into_policy().save_pretrained(folder, false).unwrap();
    files(folder).iter().map(|file| fs::read(file).unwrap()).collect()
}

/// Stops a run after two of three steps, and flips bits in every file of its checkpoint and in the metrics file.
fn flip_checkpoint<O: Objective>(flips: usize, min_files: usize, trainer: impl Fn() -> Trainer<O>) {
    let dir = tempfile::tempdir().unwrap();
    let uninterrupted = train_to_end(trainer(), &dir.path().join("whole"));
    let run = dir.path().join("run");
    fs::create_dir(&run).unwrap();
    let lines = run.join("metrics.jsonl");
    let mut metrics = MetricsFile::create(&lines).unwrap();
    let mut saver = CheckpointSaver::new(&run);
    trainer().train(&mut [&mut metrics, &mut saver, &mut StopAfter(2)]).unwrap();
    let checkpoint = latest_checkpoint(&run).unwrap().unwrap();
    let all = files(&checkpoint);
    assert!(all.len() >= min_files, "{all:?}");
    let (mut bits, mut resumed) = (BitFlips(flips as u64), trainer());
    for file in all.iter().cycle().take(flips) {
        bits.flip(file, |what| {
            let message = resumed.resume(&checkpoint).expect_err(what).to_string();
            assert!(message.contains(&name(file)) && message.contains("damaged"), "{what}: {message}");
            assert_eq!(resumed.step(), 0, "{what}");
        });
    }
    resumed.resume(&checkpoint).unwrap();
    let written = fs::read(&lines).unwrap();
    assert!(written.iter().filter(|byte| **byte == b'\n').count() >= 2);
    for _ in 0..5 {
        bits.flip(&lines, |what| {
            let message = MetricsFile::resume(&lines, &resumed).expect_err(what).to_string();
            assert!(message.contains("metrics.jsonl") && message.contains("damaged"), "{what}: {message}");
        });
    }
    MetricsFile::resume(&lines, &resumed).unwrap();
    assert!(fs::read(&lines).unwrap() == written);
    assert!(train_to_end(resumed, &dir.path().join("resumed")) == uninterrupted);
}

/// 180 flips in checkpoints, 20 in metrics files.
#[test]
fn flips_in_checkpoints_are_rejected() {
    flip_checkpoint(60, 6, || DpoTrainer::new(policy(), None, pairs(), config()).unwrap());
    let adapted = || LoraModel::new(policy(), LoraConfig::default(), 1).unwrap();
    flip_checkpoint(45, 6, || DpoTrainer::new(adapted(), None, pairs(), config()).unwrap());
    let labelled = rows::<UnpairedPreference>("train_kto.jsonl");
    let labelled = encode_unpaired(&tokenizer(), &labelled, &EncodeOptions::default()).unwrap().rows;
    let kto = KtoConfig { training: training(), ..KtoConfig::default() };
    flip_checkpoint(45, 6, || KtoTrainer::new(policy(), None, labelled.clone(), kto.clone()).unwrap());
    let text = |row: EncodedPair| EncodedText {
        prompt_ids: row.prompt_ids,
        completion_ids: row.chosen_ids,
        row: row.row,
        ..EncodedText::default()
    };
    let texts: Vec<EncodedText> = pairs().into_iter().map(text).collect();
    let sft = SftConfig { training: training(), ..SftConfig::default() };
    flip_checkpoint(30, 5, || SftTrainer::new(policy(), texts.clone(), sft.clone()).unwrap());
}

/// 30 flips in the file of precomputed reference log-probabilities.
#[test]
fn flips_in_cached_log_probabilities_are_rejected_or_harmless() {
    let dir = tempfile::tempdir().unwrap();
    let config =
        DpoConfig { precompute_ref_log_probs: true, ref_log_probs_dir: Some(dir.path().to_owned()), ..config() };
    let first_loss = || -> Result<u64, String> {
        let mut trainer = DpoTrainer::new(policy(), None, pairs(), config.clone()).map_err(|e| e.to_string())?;
        Ok(trainer.next_step().unwrap().unwrap().loss.to_bits())
    };
    let loss = first_loss().unwrap();
    let file = files(dir.path()).remove(0);
    let (mut bits, mut rejected) = (BitFlips(3), 0);
    for _ in 0..30 {
        bits.flip(&file, |what| match first_loss() {
            Ok(found) => assert_eq!(found, loss, "{what}"),
            Err(message) => {
                assert!(message.contains(&name(&file)) && message.contains("Delete it"), "{what}: {message}");
                rejected += 1;
            }
        });
    }
    assert!(rejected >= 20, "{rejected} of 30");
    assert_eq!(first_loss().unwrap(), loss);
}

fn sweep(folder: &Path) -> Result<String, Box<dyn std::error::Error>> {
    let options = SweepOptions {
        points: points(&[("sigmoid".parse()?, vec![0.1, 1.0])])?,
        prompts: ["This movie", "The film", "I saw", "It was"].map(str::to_owned).to_vec(),
        held_out: vec![3],
        training_texts: SamplingOptions { texts_per_prompt: 4, max_new_tokens: 6, seed: 1 },
        pairs_per_prompt: 2,
        evaluation: SamplingOptions { texts_per_prompt: 2, max_new_tokens: 6, seed: 2 },
        dpo: DpoConfig { training: TrainingConfig { max_steps: Some(2), ..training() }, ..DpoConfig::default() },
        bootstrap: Bootstrap::default(),
    };
    let sweep_folder = SweepFolder::open(folder, &json!({ "sweep": options }))?;
    let (sft, tokenizer) = (policy(), tokenizer());
    let score = |texts: &[&str]| Ok(texts.iter().map(|text| text.len() as f64).collect());
    let models = SweepModels { sft: &sft, tokenizer: &tokenizer, score: &score, batch_size: 8 };
    let outcome = align_frontier::run_sweep(&models, &options, &sweep_folder, &StopSignal::default(), &mut |_| {})?;
    let SweepOutcome::Finished(sweep) = outcome else { panic!("the sweep was stopped") };
    let findings = Findings::new(&sweep, &options.bootstrap)?;
    Ok(csv(&sweep, &findings))
}

/// 40 flips in a sweep's options and points.
#[test]
fn flips_in_sweeps_are_rejected() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("sweep");
    let whole = sweep(&folder).unwrap();
    let all = [files(&folder), files(&folder.join("points"))].concat();
    let names: Vec<String> = all.iter().map(|path| name(path)).collect();
    let expected = ["sweep.json", "sft.json", "sigmoid-beta-0.1.json", "sigmoid-beta-1.json", "training_texts.json"];
    assert_eq!(names, expected);
    let mut bits = BitFlips(4);
    for file in all.iter().cycle().take(40) {
        bits.flip(file, |what| {
            let message = sweep(&folder).expect_err(what).to_string();
            assert!(message.contains(&name(file)) && message.contains("damaged"), "{what}: {message}");
        });
    }
    assert_eq!(sweep(&folder).unwrap(), whole);
    // A deleted file is written again with the same bytes, as the messages promise.
    for file in all {
        fs::remove_file(&file).unwrap();
        assert_eq!(sweep(&folder).unwrap(), whole, "without {}", file.display());
    }
}

/// 30 flips in the journal of a job that was killed after its last text was written.
#[test]
fn flips_in_journals_are_rejected_or_harmless() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("prompts.txt"), "This movie\nThe film\nI saw\nIt was\n").unwrap();
    let (output, partial) = (dir.join("texts.jsonl"), dir.join("texts.jsonl.partial"));
    let run = || {
        let args = [
            "--prompts",
            "prompts.txt",
            "--do-sample",
            "--max-new-tokens",
            "6",
            "--output",
            "texts.jsonl",
            "--device=cpu",
        ];
        support::command("generate", dir, &args).env("OMP_NUM_THREADS", "1").output().unwrap()
    };
    // A hard link keeps the journal, which the run removes at its end.
    fs::write(&partial, "").unwrap();
    fs::hard_link(&partial, dir.join("journal")).unwrap();
    assert!(run().status.success());
    let whole = fs::read(&output).unwrap();
    let journal = dir.join("journal");
    assert_eq!(fs::read(&journal).unwrap().iter().filter(|byte| **byte == b'\n').count(), 5);
    let (mut bits, mut rejected) = (BitFlips(5), 0);
    for _ in 0..30 {
        fs::remove_file(&output).ok();
        bits.flip(&journal, |what| {
            fs::copy(&journal, &partial).unwrap();
            let ended = run();
            let message = String::from_utf8(ended.stderr).unwrap();
            if ended.status.success() {
                assert!(fs::read(&output).unwrap() == whole, "{what}");
            } else {
                assert!(message.contains("texts.jsonl.partial") && !message.contains("panicked"), "{what}: {message}");
                assert!(!output.exists(), "{what}");
                rejected += 1;
            }
        });
    }
    assert!(rejected >= 25, "{rejected} of 30");
}
