//! A run that was stopped and resumed equals the uninterrupted run, byte for byte. Checkpoints of other runs are rejected.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_data::{
    EncodeOptions, EncodedLabelledText, EncodedPair, EncodedText, EncodedUnpairedPreference, PreferencePair, Tokenizer,
    UnpairedPreference, encode_pairs, encode_unpaired,
};
use align_losses::{LogRatioPenalty, LossType};
use align_models::{CausalLm, DistilBert, Gpt2, LoraBias, LoraConfig, LoraModel, TrainableModel};
use align_train::{
    CheckpointSaver, ClassificationConfig, ClassificationTrainer, CpoConfig, CpoLossType, CpoTrainer, DpoConfig,
    DpoTrainer, Flow, KtoConfig, KtoLossType, KtoTrainer, MetricsFile, Objective, Observer, SamplingStrategy,
    SftConfig, SftTrainer, StepRecord, Trainer, TrainingConfig, latest_checkpoint,
};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tch::{Device, Kind};

/// Dropout uses LibTorch's random generator, which all threads of a process share, so tests with dropout run one at a time.
static GENERATOR: Mutex<()> = Mutex::new(());

fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/data")
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

/// Everything that a resume could get wrong: shuffled rows, dropout, gradient accumulation with a partial last window, two epochs.
fn training() -> TrainingConfig {
    TrainingConfig {
        per_device_train_batch_size: 4,
        gradient_accumulation_steps: 2,
        num_train_epochs: Some(2.0),
        learning_rate: 1e-3,
        weight_decay: 0.1,
        warmup_steps: 2,
        disable_dropout: false,
        ..TrainingConfig::default()
    }
}

fn config() -> DpoConfig {
    DpoConfig { training: training(), ..DpoConfig::default() }
}

fn trainer(kind: Kind) -> DpoTrainer {
    DpoTrainer::new(policy(kind), None, pairs(22), config()).unwrap()
}

/// Stops a run after a step.
struct StopAfter(u64);

impl<O: Objective> Observer<O> for StopAfter {
    fn on_step(&mut self, _: &Trainer<O>, record: &StepRecord) -> align_train::Result<Flow> {
        Ok(if record.step >= self.0 { Flow::Stop } else { Flow::Continue })
    }
}

/// The bytes of the weights of a model or an adapter.
fn weights(dir: &Path) -> Vec<u8> {
    let file =
        ["model.safetensors", "adapter_model.safetensors"].map(|name| dir.join(name)).into_iter().find(|f| f.exists());
    std::fs::read(file.unwrap()).unwrap()
}

fn run_to_the_end<O: Objective>(mut trainer: Trainer<O>, into: &Path) -> Vec<StepRecord> {
    let steps = trainer.by_ref().map(Result::unwrap).collect();
    trainer.into_policy().save_pretrained(into, false).unwrap();
    steps
}

/// Stops a run after 1, 3 and 4 of its 6 steps, resumes it with a new trainer, and compares records and weights with the
/// uninterrupted run.
fn assert_resumes<O: Objective>(what: &str, trainer: impl Fn() -> Trainer<O>) {
    let _alone = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    let dir = tempfile::tempdir().unwrap();
    let whole = run_to_the_end(trainer(), &dir.path().join("whole"));
    assert_eq!(whole.len(), 6, "{what}");
    for stop in [1, 3, 4] {
        let run = dir.path().join(format!("run-{stop}"));
        std::fs::create_dir(&run).unwrap();
        let mut metrics = MetricsFile::create(&run.join("metrics.jsonl")).unwrap();
        let mut first = trainer();
        let summary = first.train(&mut [&mut metrics, &mut CheckpointSaver::new(&run), &mut StopAfter(stop)]).unwrap();
        assert_eq!((summary.steps, summary.finished), (stop, false), "{what}");
        drop(first);

        let mut resumed = trainer();
        resumed.resume(&latest_checkpoint(&run).unwrap().unwrap()).unwrap();
        assert_eq!(resumed.step(), stop, "{what}");
        let rest = run_to_the_end(resumed, &run.join("end"));
        assert_eq!(rest, whole[stop as usize..], "{what}, stopped after {stop}");
        assert!(weights(&run.join("end")) == weights(&dir.path().join("whole")), "{what}, stopped after {stop}");
    }
}

#[test]
fn dpo_resumes_exactly() {
    assert_resumes("float32", || trainer(Kind::Float));
    assert_resumes("bfloat16", || trainer(Kind::BFloat16));
}

/// The reference is updated before the second and third stop.
#[test]
fn a_moving_reference_resumes_exactly() {
    let config = DpoConfig { sync_ref_model: true, ref_model_sync_steps: Some(2), ..config() };
    assert_resumes("moving reference", || {
        DpoTrainer::new(policy(Kind::Float), None, pairs(22), config.clone()).unwrap()
    });
}

#[test]
fn every_option_of_the_loss_resumes_exactly() {
    let config = DpoConfig {
        loss_type: vec![LossType::Sigmoid, LossType::Hinge],
        loss_weights: Some(vec![1.0, 0.5]),
        ld_alpha: Some(0.5),
        use_weighting: true,
        log_ratio_penalty: Some(LogRatioPenalty::Square),
        log_ratio_penalty_coef: Some(0.01),
        weight_distance_coef: 0.1,
        hidden_distance_coef: 0.1,
        beta_dpo_alpha: Some(0.6),
        ..config()
    };
    assert_resumes("options", || DpoTrainer::new(policy(Kind::Float), None, pairs(22), config.clone()).unwrap());
}

fn lora() -> LoraConfig {
    LoraConfig {
        lora_dropout: 0.1,
        target_modules: vec!["c_attn".to_owned(), "mlp.c_proj".to_owned()].into(),
        ..LoraConfig::default()
    }
}

fn adapted(kind: Kind, options: LoraConfig) -> LoraModel {
    LoraModel::new(policy(kind), options, 1).unwrap()
}

#[test]
fn adapters_resume_exactly() {
    for kind in [Kind::Float, Kind::BFloat16] {
        assert_resumes("lora, dpo", || DpoTrainer::new(adapted(kind, lora()), None, pairs(22), config()).unwrap());
    }
    let simpo = CpoConfig { loss_type: CpoLossType::Simpo, training: training(), ..CpoConfig::default() };
    assert_resumes("lora, simpo", || CpoTrainer::new(adapted(Kind::Float, lora()), pairs(22), simpo.clone()).unwrap());
    let whole = LoraConfig {
        rank_pattern: [("0.attn.c_attn".to_owned(), 2)].into(),
        modules_to_save: vec!["wte".to_owned(), "ln_f".to_owned()],
        bias: LoraBias::LoraOnly,
        ..lora()
    };
    for kind in [Kind::Float, Kind::BFloat16] {
        let trainer = || DpoTrainer::new(adapted(kind, whole.clone()), None, pairs(22), config()).unwrap();
        assert_resumes("lora with whole modules", trainer);
    }
    // Training starts from an adapter: the reference is the model with this adapter.
    let dir = tempfile::tempdir().unwrap();
    {
        let _alone = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
        run_to_the_end(DpoTrainer::new(adapted(Kind::Float, lora()), None, pairs(22), config()).unwrap(), dir.path());
    }
    assert_resumes("lora, from an adapter", || {
        let policy = LoraModel::from_pretrained(policy(Kind::Float), dir.path()).unwrap();
        DpoTrainer::new(policy, None, pairs(22), config()).unwrap()
    });
}

#[test]
fn a_checkpoint_of_another_adapter_or_base_model_is_rejected() {
    let _alone = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    let dir = tempfile::tempdir().unwrap();
    let checkpoint = dir.path().join("checkpoint-1");
    let simpo = CpoConfig { loss_type: CpoLossType::Simpo, training: training(), ..CpoConfig::default() };
    let trainer = |policy| CpoTrainer::new(policy, pairs(22), simpo.clone()).unwrap();
    let mut run = trainer(adapted(Kind::Float, lora()));
    run.next_step().unwrap();
    run.save_checkpoint(&checkpoint).unwrap();
    assert!(!checkpoint.join("model.safetensors").exists(), "a checkpoint contains only the adapter");
    trainer(adapted(Kind::Float, lora())).resume(&checkpoint).unwrap();

    let refused = |policy| trainer(policy).resume(&checkpoint).unwrap_err().to_string();
    let other = refused(adapted(Kind::Float, LoraConfig { lora_alpha: 16.0, ..lora() }));
    assert!(other.contains("lora_alpha was 8.0, is now 16.0"), "{other}");
    let other =
        refused(adapted(Kind::Float, LoraConfig { target_modules: vec!["c_attn".to_owned()].into(), ..lora() }));
    assert!(other.contains("target_modules"), "{other}");
    let other = refused(adapted(Kind::Float, LoraConfig { bias: LoraBias::All, ..lora() }));
    assert!(other.contains("adapter.bias was \"none\", is now \"all\""), "{other}");
    let base = policy(Kind::Float);
    tch::no_grad(|| drop(base.head().shallow_clone().g_mul_scalar_(1.01)));
    let other = refused(LoraModel::new(base, lora(), 1).unwrap());
    assert!(other.contains("another base model"), "{other}");
    let whole =
        CpoTrainer::new(policy(Kind::Float), pairs(22), simpo.clone()).unwrap().resume(&checkpoint).unwrap_err();
    assert!(whole.to_string().contains("all weights"), "{whole}");
}

#[test]
fn options_for_all_weights_are_rejected_with_an_adapter() {
    for (option, config) in [
        ("sync_ref_model", DpoConfig { sync_ref_model: true, ..config() }),
        ("weight_distance_coef", DpoConfig { weight_distance_coef: 0.1, ..config() }),
    ] {
        let refused = DpoTrainer::new(adapted(Kind::Float, lora()), None, pairs(4), config).unwrap_err().to_string();
        assert!(refused.contains(option) && refused.contains("adapter"), "{refused}");
    }
}

fn labelled(count: usize) -> Vec<EncodedUnpairedPreference> {
    let text = std::fs::read_to_string(data().join("train_kto.jsonl")).unwrap();
    let rows: Vec<UnpairedPreference> =
        text.lines().take(count).map(|line| serde_json::from_str(line).unwrap()).collect();
    let tokenizer = Tokenizer::from_pretrained(data().join("models/gpt2-tiny")).unwrap();
    encode_unpaired(&tokenizer, &rows, &EncodeOptions::default()).unwrap().rows
}

#[test]
fn kto_resumes_exactly() {
    for loss_type in [KtoLossType::Kto, KtoLossType::Bco, KtoLossType::ApoZeroUnpaired] {
        let config = KtoConfig { loss_type, training: training(), ..KtoConfig::default() };
        assert_resumes(&format!("{loss_type:?}"), || {
            KtoTrainer::new(policy(Kind::Float), None, labelled(22), config.clone()).unwrap()
        });
    }
}

#[test]
fn losses_without_a_reference_resume_exactly() {
    for loss_type in [CpoLossType::Orpo, CpoLossType::Simpo] {
        let config = CpoConfig { loss_type, training: training(), ..CpoConfig::default() };
        assert_resumes(&format!("{loss_type}"), || {
            CpoTrainer::new(policy(Kind::Float), pairs(22), config.clone()).unwrap()
        });
    }
}

#[test]
fn fine_tuning_and_classification_resume_exactly() {
    let rows = labelled(22);
    let texts = |with_prompts: bool| -> Vec<EncodedText> {
        let text = |row: EncodedUnpairedPreference| match with_prompts {
            true => (row.row, row.prompt_ids, row.completion_ids),
            false => (row.row, Vec::new(), [row.prompt_ids, row.completion_ids].concat()),
        };
        let text = |row| {
            let (row, prompt_ids, completion_ids) = text(row);
            EncodedText { prompt_ids, completion_ids, row, ..EncodedText::default() }
        };
        rows.clone().into_iter().map(text).collect()
    };
    for with_prompts in [true, false] {
        let config = SftConfig { training: training(), ..SftConfig::default() };
        assert_resumes("texts", || SftTrainer::new(policy(Kind::Float), texts(with_prompts), config.clone()).unwrap());
    }
    let classes: Vec<EncodedLabelledText> = texts(false)
        .into_iter()
        .zip(&rows)
        .map(|(text, row)| EncodedLabelledText {
            input_ids: text.completion_ids,
            label: i64::from(row.label),
            row: row.row,
        })
        .collect();
    let classifier =
        || DistilBert::from_pretrained(&data().join("models/distilbert-tiny"), Kind::Float, Device::Cpu).unwrap();
    let grouped = TrainingConfig { train_sampling_strategy: SamplingStrategy::GroupByLength, ..training() };
    let config = ClassificationConfig { training: grouped, max_length: None, token_dropout: 0.0 };
    let trainer =
        |rows: &[EncodedLabelledText]| ClassificationTrainer::new(classifier(), rows.to_vec(), config.clone()).unwrap();
    assert_resumes("classes", || trainer(&classes));

    let _alone = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    let dir = tempfile::tempdir().unwrap();
    trainer(&classes).save_checkpoint(&dir.path().join("checkpoint-0")).unwrap();
    let mut others = classes.clone();
    others[3].label = 1 - others[3].label;
    let refusal = trainer(&others).resume(&dir.path().join("checkpoint-0")).unwrap_err().to_string();
    assert!(refusal.contains("other training rows"), "{refusal}");
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
fn a_checkpoint_of_another_run_is_rejected_with_the_difference() {
    let _alone = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    let dir = tempfile::tempdir().unwrap();
    let checkpoint = dir.path().join("checkpoint-1");
    let mut run = trainer(Kind::Float);
    run.next_step().unwrap();
    run.save_checkpoint(&checkpoint).unwrap();
    let refusal = |mut trainer: DpoTrainer| trainer.resume(&checkpoint).unwrap_err().to_string();

    let beta = DpoConfig { beta: 0.2, ..config() };
    let other = refusal(DpoTrainer::new(policy(Kind::Float), None, pairs(22), beta).unwrap());
    assert!(other.contains("beta = 0.1") && other.contains("0.2"), "{other}");

    let other = refusal(DpoTrainer::new(policy(Kind::Float), None, pairs(21), config()).unwrap());
    assert!(other.contains("other training rows"), "{other}");

    let reference = policy(Kind::Float);
    tch::no_grad(|| {
        let _ = reference.head().shallow_clone().g_mul_scalar_(1.01);
    });
    let other = refusal(DpoTrainer::new(policy(Kind::Float), Some(Box::new(reference)), pairs(22), config()).unwrap());
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
fn invalid_pairs_are_rejected_with_their_row() {
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
