//! Three hundred flipped bits over all files that a program believes when it goes on: each is refused under the file's name, or
//! changes nothing of the end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use align_data::{
    EncodeOptions, EncodedPair, EncodedText, PreferencePair, Tokenizer, UnpairedPreference, encode_pairs,
    encode_unpaired,
};
use align_frontier::{Findings, Models, Outcome, Sampling, SweepFolder, SweepOptions, csv, points};
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
    Gpt2::from_pretrained(support::kept("models/gpt2-tiny").as_ref(), Kind::Float, Device::Cpu).unwrap()
}

fn tokenizer() -> Tokenizer {
    Tokenizer::from_pretrained(support::kept("models/gpt2-tiny")).unwrap()
}

fn rows<T: serde::de::DeserializeOwned>(name: &str) -> Vec<T> {
    let text = fs::read_to_string(support::kept(name)).unwrap();
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

/// Numbers that are the same in each run of the tests.
struct Draws(u64);

impl Draws {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % most
    }

    /// Flips a bit of the file, every other time one near its beginning, where headers are; calls `check`, and flips it back.
    fn flip(&mut self, path: &Path, check: impl FnOnce(&str)) {
        let whole = fs::read(path).unwrap();
        assert!(!whole.is_empty(), "{}", path.display());
        let most = if self.below(2) == 0 { whole.len().min(200) } else { whole.len() };
        let (at, bit) = (self.below(most), self.below(8));
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << bit;
        fs::write(path, flipped).unwrap();
        check(&format!("bit {bit} of byte {at} of {}", path.display()));
        fs::write(path, whole).unwrap();
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

fn end<O: Objective>(mut trainer: Trainer<O>, into: &Path) -> Vec<Vec<u8>> {
    trainer.by_ref().for_each(|step| drop(step.unwrap()));
    trainer.into_policy().save_pretrained(into, false).unwrap();
    files(into).iter().map(|file| fs::read(file).unwrap()).collect()
}

/// Flips in every file of the checkpoint of a run that was stopped after two of its three steps, and in the lines behind it.
fn checkpoint<O: Objective>(flips: usize, least: usize, trainer: impl Fn() -> Trainer<O>) {
    let dir = tempfile::tempdir().unwrap();
    let whole = end(trainer(), &dir.path().join("whole"));
    let run = dir.path().join("run");
    fs::create_dir(&run).unwrap();
    let lines = run.join("metrics.jsonl");
    let mut metrics = MetricsFile::create(&lines).unwrap();
    let mut saver = CheckpointSaver::new(&run);
    trainer().train(&mut [&mut metrics, &mut saver, &mut StopAfter(2)]).unwrap();
    let at = latest_checkpoint(&run).unwrap().unwrap();
    let all = files(&at);
    assert!(all.len() >= least, "{all:?}");
    let (mut draws, mut other) = (Draws(flips as u64), trainer());
    for file in all.iter().cycle().take(flips) {
        draws.flip(file, |what| {
            let said = other.resume(&at).expect_err(what).to_string();
            assert!(said.contains(&name(file)) && said.contains("damaged"), "{what}: {said}");
            assert_eq!(other.step(), 0, "{what}");
        });
    }
    other.resume(&at).unwrap();
    let written = fs::read(&lines).unwrap();
    assert!(written.iter().filter(|byte| **byte == b'\n').count() >= 2);
    for _ in 0..5 {
        draws.flip(&lines, |what| {
            let said = MetricsFile::resume(&lines, &other).expect_err(what).to_string();
            assert!(said.contains("metrics.jsonl") && said.contains("damaged"), "{what}: {said}");
        });
    }
    MetricsFile::resume(&lines, &other).unwrap();
    assert!(fs::read(&lines).unwrap() == written);
    assert!(end(other, &dir.path().join("resumed")) == whole);
}

/// 180 flips in checkpoints, 20 in metrics files.
#[test]
fn checkpoints() {
    checkpoint(60, 6, || DpoTrainer::new(policy(), None, pairs(), config()).unwrap());
    let adapted = || LoraModel::new(policy(), LoraConfig::default(), 1).unwrap();
    checkpoint(45, 6, || DpoTrainer::new(adapted(), None, pairs(), config()).unwrap());
    let judged = rows::<UnpairedPreference>("train_kto.jsonl");
    let judged = encode_unpaired(&tokenizer(), &judged, &EncodeOptions::default()).unwrap().rows;
    let kto = KtoConfig { training: training(), ..KtoConfig::default() };
    checkpoint(45, 6, || KtoTrainer::new(policy(), None, judged.clone(), kto.clone()).unwrap());
    let text =
        |row: EncodedPair| EncodedText { prompt_ids: row.prompt_ids, completion_ids: row.chosen_ids, row: row.row };
    let texts: Vec<EncodedText> = pairs().into_iter().map(text).collect();
    let sft = SftConfig { training: training(), ..SftConfig::default() };
    checkpoint(30, 5, || SftTrainer::new(policy(), texts.clone(), sft.clone()).unwrap());
}

/// 30 flips in what a reference said.
#[test]
fn kept_log_probabilities() {
    let dir = tempfile::tempdir().unwrap();
    let config =
        DpoConfig { precompute_ref_log_probs: true, ref_log_probs_dir: Some(dir.path().to_owned()), ..config() };
    let first = || -> Result<u64, String> {
        let mut trainer = DpoTrainer::new(policy(), None, pairs(), config.clone()).map_err(|e| e.to_string())?;
        Ok(trainer.next_step().unwrap().unwrap().loss.to_bits())
    };
    let loss = first().unwrap();
    let file = files(dir.path()).remove(0);
    let (mut draws, mut refused) = (Draws(3), 0);
    for _ in 0..30 {
        draws.flip(&file, |what| match first() {
            Ok(found) => assert_eq!(found, loss, "{what}"),
            Err(said) => {
                assert!(said.contains(&name(&file)) && said.contains("Delete it"), "{what}: {said}");
                refused += 1;
            }
        });
    }
    assert!(refused >= 20, "{refused} of 30");
    assert_eq!(first().unwrap(), loss);
}

fn sweep(folder: &Path) -> Result<String, Box<dyn std::error::Error>> {
    let options = SweepOptions {
        points: points(&[("sigmoid".parse()?, vec![0.1, 1.0])])?,
        prompts: ["This movie", "The film", "I saw", "It was"].map(str::to_owned).to_vec(),
        held_out: vec![3],
        training_texts: Sampling { texts_per_prompt: 4, max_new_tokens: 6, seed: 1 },
        pairs_per_prompt: 2,
        evaluation: Sampling { texts_per_prompt: 2, max_new_tokens: 6, seed: 2 },
        dpo: DpoConfig { training: TrainingConfig { max_steps: Some(2), ..training() }, ..DpoConfig::default() },
        bootstrap: Bootstrap::default(),
    };
    let sweep_folder = SweepFolder::open(folder, &json!({ "sweep": options }))?;
    let (sft, tokenizer) = (policy(), tokenizer());
    let score = |texts: &[&str]| Ok(texts.iter().map(|text| text.len() as f64).collect());
    let models = Models { sft: &sft, tokenizer: &tokenizer, score: &score, batch_size: 8 };
    let outcome = align_frontier::run(&models, &options, &sweep_folder, &StopSignal::default(), &mut |_| {})?;
    let Outcome::Finished(sweep) = outcome else { panic!("nobody stopped it") };
    let findings = Findings::of(&sweep, &options.bootstrap)?;
    Ok(csv(&sweep, &findings))
}

/// 40 flips in a sweep's options and stages.
#[test]
fn sweeps() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("sweep");
    let whole = sweep(&folder).unwrap();
    let all = [files(&folder), files(&folder.join("points"))].concat();
    let names: Vec<String> = all.iter().map(|path| name(path)).collect();
    let expected = ["sweep.json", "sft.json", "sigmoid-beta-0.1.json", "sigmoid-beta-1.json", "training_texts.json"];
    assert_eq!(names, expected);
    let mut draws = Draws(4);
    for file in all.iter().cycle().take(40) {
        draws.flip(file, |what| {
            let said = sweep(&folder).expect_err(what).to_string();
            assert!(said.contains(&name(file)) && said.contains("damaged"), "{what}: {said}");
        });
    }
    assert_eq!(sweep(&folder).unwrap(), whole);
    // As the messages say: what is deleted is made again, with the same bytes.
    for file in all {
        fs::remove_file(&file).unwrap();
        assert_eq!(sweep(&folder).unwrap(), whole, "without {}", file.display());
    }
}

/// 30 flips in the journal of a job that was killed when its last text was written.
#[test]
fn journals() {
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
    // A second name keeps what the run removes.
    fs::write(&partial, "").unwrap();
    fs::hard_link(&partial, dir.join("journal")).unwrap();
    assert!(run().status.success());
    let whole = fs::read(&output).unwrap();
    let journal = dir.join("journal");
    assert_eq!(fs::read(&journal).unwrap().iter().filter(|byte| **byte == b'\n').count(), 5);
    let (mut draws, mut refused) = (Draws(5), 0);
    for _ in 0..30 {
        fs::remove_file(&output).ok();
        draws.flip(&journal, |what| {
            fs::copy(&journal, &partial).unwrap();
            let ended = run();
            let said = String::from_utf8(ended.stderr).unwrap();
            if ended.status.success() {
                assert!(fs::read(&output).unwrap() == whole, "{what}");
            } else {
                assert!(said.contains("texts.jsonl.partial") && !said.contains("panicked"), "{what}: {said}");
                assert!(!output.exists(), "{what}");
                refused += 1;
            }
        });
    }
    assert!(refused >= 25, "{refused} of 30");
}
