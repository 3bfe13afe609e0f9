//! Runs by the library, from a model's folder and examples to a run's folder.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_data::{LabelledText, PreferencePair, PreferencePairs, Tokenizer, UnpairedPreference};
use align_models::{CausalLm, Gpt2, LoraConfig};
use align_train::run::{Dataset, ModelSource, NewModel, NewTokenizer};
use align_train::{
    ClassificationConfig, ClassificationRun, CpoConfig, CpoRun, DpoConfig, DpoRun, IntervalStrategy, KtoConfig, KtoRun,
    Observer, Result, SftConfig, SftRun, StepRecord, StopSignal, Trainer, TrainingConfig, TrainingRecords,
};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tch::{Device, Kind};

/// The matmul precision that a run sets is the process's.
fn alone() -> MutexGuard<'static, ()> {
    static RUNS: Mutex<()> = Mutex::new(());
    RUNS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn model(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/data/models").join(name)
}

fn pairs(count: usize) -> Vec<PreferencePair> {
    let pair = |i| PreferencePair::new("The film was", format!(" a joy, {i} times."), format!(" dull, {i} times."));
    (0..count).map(pair).collect()
}

fn training(max_steps: u64) -> TrainingConfig {
    TrainingConfig {
        max_steps: Some(max_steps),
        per_device_train_batch_size: 4,
        logging_steps: 1,
        learning_rate: 1e-3,
        save_strategy: IntervalStrategy::Steps,
        save_steps: Some(2),
        ..TrainingConfig::default()
    }
}

fn dpo(max_steps: u64) -> DpoConfig {
    DpoConfig { training: training(max_steps), ..DpoConfig::default() }
}

fn weights(run: &Path, file: &str) -> Vec<u8> {
    std::fs::read(run.join("model").join(file)).unwrap()
}

/// The numbers of a file reach the loss, also those of one that the library wrote.
#[test]
fn tables_of_pairs_have_their_numbers() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let (file, again) = (dir.path().join("pairs.jsonl"), dir.path().join("pairs.csv"));
    let rows: String = (pairs(4).iter().enumerate())
        .map(|(at, pair)| {
            let mut row = serde_json::to_value(pair).unwrap();
            row["chosen_probability"] = (0.9 - 0.2 * at as f64).into();
            format!("{row}\n")
        })
        .collect();
    std::fs::write(&file, rows).unwrap();
    PreferencePairs::from_rows(PreferencePairs::read(&file).unwrap().into_rows())
        .unwrap()
        .write(&again, false)
        .unwrap();
    let soft = DpoConfig { soft_labels: true, ..dpo(2) };
    let train = |pairs, config: &DpoConfig, name: &str| {
        let folder = dir.path().join(name);
        DpoRun::new(model("gpt2-tiny"), pairs, config.clone()).unwrap().output_dir(&folder).train().unwrap();
        weights(&folder, "model.safetensors")
    };
    let read = |file| PreferencePairs::read(file).unwrap();
    let found = train(read(&file), &soft, "soft");
    assert!(found == train(read(&again), &soft, "again"));
    assert!(found != train(read(&file), &dpo(2), "hard"));
}

/// Stops a run after a step, as another thread would.
struct StopAfter(u64, StopSignal);

impl<O: align_train::Objective> Observer<O> for StopAfter {
    fn on_step(&mut self, _: &Trainer<O>, record: &StepRecord) -> Result<align_train::Flow> {
        if record.step == self.0 {
            self.1.stop();
        }
        Ok(align_train::Flow::Continue)
    }
}

#[test]
fn a_run_leaves_everything_and_a_stopped_one_ends_with_the_same_bytes() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let (whole, stopped) = (dir.path().join("whole"), dir.path().join("stopped"));
    let run = |folder: &Path| {
        let config = DpoConfig {
            training: TrainingConfig { eval_strategy: IntervalStrategy::Steps, eval_steps: Some(2), ..training(4) },
            ..DpoConfig::default()
        };
        let train = Dataset::new(pairs(8)).with_name("my pairs");
        let run = DpoRun::new(model("gpt2-tiny"), train, config).unwrap().eval(pairs(4));
        run.sample_prompts(["The film"]).output_dir(folder)
    };
    let summary = run(&whole).train().unwrap();
    assert!(summary.finished && summary.steps == 4 && summary.total_steps == 4 && !summary.adapter);
    assert_eq!(summary.model, Some(whole.join("model")));
    assert!(summary.evaluation.unwrap().eval_loss.is_finite());
    let records = TrainingRecords::read(&whole.join("metrics.jsonl")).unwrap();
    assert_eq!((records.steps.len(), records.evaluations.len()), (4, 2));
    for name in ["config.toml", "checkpoint-2", "checkpoint-4", "model/tokenizer.json"] {
        assert!(whole.join(name).exists(), "{name}");
    }
    let samples = |run: &Path| std::fs::read_to_string(run.join("samples.jsonl")).unwrap();
    let steps: Vec<String> = samples(&whole).lines().map(|line| line.chars().take(10).collect()).collect();
    assert_eq!(steps, [r#"{"step":0,"#, r#"{"step":2,"#, r#"{"step":4,"#]);
    let card = std::fs::read_to_string(whole.join("model/README.md")).unwrap();
    assert!(
        card.contains("| data | my pairs, 8 rows |") && card.contains("| reference model | the base model |"),
        "{card}"
    );
    let options: toml::Table = std::fs::read_to_string(whole.join("config.toml")).unwrap().parse().unwrap();
    assert_eq!(options["max_steps"].as_integer(), Some(4));
    #[cfg(feature = "report")]
    assert!(std::fs::read_to_string(whole.join("report.html")).unwrap().contains("gpt2-tiny"));

    let stop = StopSignal::default();
    let summary = run(&stopped).observer(StopAfter(3, stop.clone())).stop_signal(stop).train().unwrap();
    assert!(!summary.finished && summary.steps == 3 && summary.model.is_none());
    let refused = run(&stopped).train().unwrap_err().to_string();
    assert!(refused.contains("already contains a run"), "{refused}");
    let ready = run(&stopped).resume().prepare().unwrap();
    assert_eq!((ready.trainer().step(), ready.checkpoint()), (3, Some(stopped.join("checkpoint-3").as_path())));
    ready.train().unwrap();
    assert!(weights(&stopped, "model.safetensors") == weights(&whole, "model.safetensors"));
    assert_eq!(samples(&stopped), samples(&whole));
    let refused = run(&dir.path().join("new")).resume().train().unwrap_err().to_string();
    assert!(refused.contains("no checkpoint to resume from"), "{refused}");
}

#[test]
fn every_objective_runs_on_a_model_by_its_folder_or_as_a_value() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let gpt2 = || {
        let folder = model("gpt2-tiny");
        let value = Gpt2::from_pretrained(&folder, Kind::Float, Device::Cpu).unwrap();
        (value, Tokenizer::from_pretrained(folder).unwrap())
    };
    DpoRun::new(model("gpt2-tiny"), pairs(4), dpo(2)).unwrap().output_dir(at("named")).train().unwrap();
    DpoRun::new(gpt2(), pairs(4), dpo(2)).unwrap().output_dir(at("value")).train().unwrap();
    assert!(weights(&at("named"), "model.safetensors") == weights(&at("value"), "model.safetensors"));
    let reference: Box<dyn CausalLm> = Box::new(gpt2().0);
    let run = DpoRun::new(gpt2(), pairs(4), dpo(2)).unwrap().reference(reference);
    run.output_dir(at("reference")).train().unwrap();
    assert!(weights(&at("reference"), "model.safetensors") == weights(&at("value"), "model.safetensors"));

    let judged = UnpairedPreference::from_pairs(&pairs(4));
    let config = KtoConfig { training: training(2), ..KtoConfig::default() };
    KtoRun::new(model("gpt2-tiny"), judged, config).unwrap().output_dir(at("kto")).train().unwrap();
    let config = CpoConfig { training: training(2), ..CpoConfig::default() };
    let run = CpoRun::new(model("gpt2-tiny"), pairs(4), config).unwrap().max_length(32);
    run.output_dir(at("cpo")).train().unwrap();
    let texts = vec![(String::new(), "The film was a joy.".to_owned()); 8];
    let config = SftConfig { training: training(2), ..SftConfig::default() };
    SftRun::new(model("gpt2-tiny"), texts, config).unwrap().output_dir(at("sft")).train().unwrap();
    let labelled: Vec<LabelledText> =
        (0..8).map(|i| LabelledText { text: format!("text {i}"), label: i % 2 }).collect();
    let config = ClassificationConfig { training: training(2), ..ClassificationConfig::default() };
    let run = ClassificationRun::new(model("distilbert-tiny"), labelled, config).unwrap();
    run.output_dir(at("classification")).train().unwrap();
    for name in ["kto", "cpo", "sft", "classification"] {
        assert!(at(name).join("model/README.md").exists(), "{name}");
    }
}

#[test]
fn an_adapter_is_trained_on_a_named_model_and_on_a_value() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let lora = || LoraConfig { r: 2, lora_alpha: 4.0, ..LoraConfig::default() };
    let run = DpoRun::new(model("gpt2-tiny"), pairs(4), dpo(2)).unwrap().peft(lora());
    let summary = run.output_dir(at("named")).train().unwrap();
    assert!(summary.adapter);
    let value = Gpt2::from_pretrained(&model("gpt2-tiny"), Kind::Float, Device::Cpu).unwrap();
    let tokenizer = Tokenizer::from_pretrained(model("gpt2-tiny")).unwrap();
    let base = ModelSource::from((value, tokenizer)).with_display_name("a model of mine");
    DpoRun::new(base, pairs(4), dpo(2)).unwrap().peft(lora()).output_dir(at("value")).train().unwrap();
    let file = "adapter_model.safetensors";
    assert!(weights(&at("named"), file) == weights(&at("value"), file));
    let card = std::fs::read_to_string(at("value").join("model/README.md")).unwrap();
    assert!(card.contains("# a model of mine, aligned") && card.contains("library_name: peft"), "{card}");
}

#[test]
fn a_new_model_gets_a_tokeniser_of_the_texts() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("config.json");
    std::fs::write(
        &config,
        r#"{"model_type":"gpt2","vocab_size":300,"n_positions":32,"n_embd":16,"n_layer":1,"n_head":2}"#,
    )
    .unwrap();
    let new = || NewModel { config: config.clone(), tokenizer: NewTokenizer::Trained { vocab_size: 270 } };
    let texts = || vec![(String::new(), "The film was a joy, and the actors were a joy.".to_owned()); 8];
    let options = || SftConfig { training: training(2), max_length: Some(16), ..SftConfig::default() };
    let folder = dir.path().join("run");
    SftRun::new(new(), texts(), options()).unwrap().output_dir(&folder).train().unwrap();
    assert!(folder.join("tokenizer/tokenizer.json").exists());
    let card = std::fs::read_to_string(folder.join("model/README.md")).unwrap();
    assert!(card.contains("random weights by config.json"), "{card}");
    let refused = DpoRun::new(new(), pairs(4), dpo(2)).unwrap().output_dir(dir.path().join("dpo")).train();
    assert!(refused.unwrap_err().to_string().contains("SftRun first"));
}

#[test]
fn invalid_settings_are_rejected_before_anything_is_written() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("run");
    let run = || DpoRun::new(model("gpt2-tiny"), pairs(4), dpo(2)).unwrap().output_dir(&folder);
    let evaluated = || {
        let training = TrainingConfig { eval_strategy: IntervalStrategy::Epoch, ..training(2) };
        DpoRun::new(model("gpt2-tiny"), pairs(4), DpoConfig { training, ..DpoConfig::default() }).unwrap()
    };
    let dropout = LoraConfig { lora_dropout: 0.1, ..LoraConfig::default() };
    let cpo = || {
        let config = CpoConfig { training: training(2), ..CpoConfig::default() };
        CpoRun::new(model("gpt2-tiny"), pairs(4), config).unwrap().output_dir(&folder)
    };
    let value = || {
        let value = Gpt2::from_pretrained(&model("gpt2-tiny"), Kind::Float, Device::Cpu).unwrap();
        (value, Tokenizer::from_pretrained(model("gpt2-tiny")).unwrap())
    };
    let cases = [
        (DpoRun::new(model("gpt2-tiny"), pairs(4), DpoConfig { beta: -1.0, ..DpoConfig::default() }).err(), "beta"),
        (DpoRun::new(model("gpt2-tiny"), pairs(4), dpo(2)).unwrap().train().err(), "output_dir"),
        (evaluated().output_dir(&folder).train().err(), "eval_strategy"),
        (run().peft(dropout).train().err(), "lora_dropout"),
        (run().peft(LoraConfig::default()).reference("gpt2").train().err(), "ref_model"),
        (cpo().reference("gpt2").train().err(), "ref_model"),
        (
            DpoRun::new(value(), pairs(4), dpo(2)).unwrap().dtype(Kind::BFloat16).output_dir(&folder).train().err(),
            "dtype",
        ),
        (run().output_dir(model("gpt2-tiny").join("run")).train().err(), "the folder of model"),
    ];
    for (problem, part) in cases {
        let said = problem.unwrap_or_else(|| panic!("{part} is not refused")).to_string();
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!folder.exists());
    // Examples that cannot be used are named.
    let long = Dataset::from_file(pairs(4), Path::new("pairs.jsonl"));
    let refused = DpoRun::new(model("gpt2-tiny"), long, dpo(2)).unwrap().max_length(2).output_dir(&folder).train();
    let said = refused.unwrap_err().to_string();
    assert!(said.contains("pairs.jsonl: no row is left with max_length 2"), "{said}");
}
