//! The end of runs: early stopping, the best checkpoint, losses that are not finite, too little memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_data::{EncodeOptions, EncodedPair, PreferencePair, Tokenizer, encode_pairs};
use align_models::{CausalLm, Gpt2, Gpt2Config, Parameters, TrainableModel};
use align_train::{
    CheckpointSaver, DpoConfig, DpoTrainer, EarlyStopping, Error, EvaluationRecord, IntervalStrategy, MemoryEstimate,
    MetricsFile, PrefixSharing, SamplingStrategy, StepRecord, TrainingConfig, available_memory, latest_checkpoint,
};
use std::path::{Path, PathBuf};
use tch::{Device, Kind};

fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/data")
}

fn policy() -> Gpt2 {
    Gpt2::from_pretrained(&data().join("models/gpt2-tiny"), Kind::Float, Device::Cpu).unwrap()
}

fn pairs(count: usize) -> Vec<EncodedPair> {
    let text = std::fs::read_to_string(data().join("train.jsonl")).unwrap();
    let pairs: Vec<PreferencePair> = text.lines().take(count).map(|line| serde_json::from_str(line).unwrap()).collect();
    let tokenizer = Tokenizer::from_pretrained(data().join("models/gpt2-tiny")).unwrap();
    encode_pairs(&tokenizer, &pairs, &EncodeOptions::default()).unwrap().pairs
}

/// Pairs with chosen and rejected exchanged, so that training makes their loss rise.
fn reversed(count: usize) -> Vec<EncodedPair> {
    let mut all = pairs(count);
    all.iter_mut().for_each(|pair| std::mem::swap(&mut pair.chosen_ids, &mut pair.rejected_ids));
    all
}

/// Ten steps with an evaluation and a checkpoint after each; rows in their original order.
fn training() -> TrainingConfig {
    TrainingConfig {
        per_device_train_batch_size: 4,
        max_steps: Some(10),
        learning_rate: 1e-3,
        train_sampling_strategy: SamplingStrategy::Sequential,
        logging_steps: 1,
        eval_strategy: IntervalStrategy::Steps,
        eval_steps: Some(1),
        save_strategy: IntervalStrategy::Steps,
        save_steps: Some(1),
        ..TrainingConfig::default()
    }
}

fn trainer(training: TrainingConfig, eval: Vec<EncodedPair>) -> DpoTrainer {
    let config = DpoConfig { training, ..DpoConfig::default() };
    DpoTrainer::new(policy(), None, pairs(16), config).unwrap().with_evaluation(eval).unwrap()
}

fn checkpoints(run: &Path) -> Vec<u64> {
    let names = std::fs::read_dir(run).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut steps: Vec<u64> = names.filter_map(|name| name.strip_prefix("checkpoint-")?.parse().ok()).collect();
    steps.sort_unstable();
    steps
}

fn weights(model: &impl CausalLm) -> Vec<f32> {
    let all = model.parameters().iter().map(|(_, weight)| weight.detach().reshape([-1]));
    Vec::try_from(tch::Tensor::cat(&all.collect::<Vec<_>>(), 0)).unwrap()
}

fn saved(checkpoint: &Path) -> Vec<f32> {
    weights(&Gpt2::from_pretrained(checkpoint, Kind::Float, Device::Cpu).unwrap())
}

#[test]
fn the_best_checkpoint_is_kept_and_loaded() {
    // The evaluation loss rises from the first step on, or falls until the last one.
    for (eval, limit, kept, best) in [
        (reversed(16), 3, vec![1, 9, 10], 1),
        (reversed(16), 1, vec![1, 10], 1),
        (pairs(16), 2, vec![9, 10], 10),
        (pairs(16), 1, vec![10], 10),
    ] {
        let run = tempfile::tempdir().unwrap();
        let config = TrainingConfig { load_best_model_at_end: true, save_total_limit: Some(limit), ..training() };
        let (mut trainer, mut saver) = (trainer(config, eval), CheckpointSaver::new(run.path()));
        let summary = trainer.train(&mut [&mut saver]).unwrap();
        assert!(summary.finished && summary.steps == 10);
        assert_eq!((checkpoints(run.path()), saver.best_step()), (kept, Some(best)), "limit {limit}");
        let expected = saved(&run.path().join(format!("checkpoint-{best}")));
        assert!(weights(trainer.policy()) == expected, "limit {limit}");
    }
    // Without a metric that compares checkpoints, the newest ones are kept, and the model is that of the last step.
    let run = tempfile::tempdir().unwrap();
    let config = TrainingConfig { save_total_limit: Some(2), ..training() };
    let mut trainer = trainer(config, reversed(16));
    trainer.train(&mut [&mut CheckpointSaver::new(run.path())]).unwrap();
    assert_eq!(checkpoints(run.path()), [9, 10]);
    assert!(weights(trainer.policy()) == saved(&run.path().join("checkpoint-10")));
}

/// A process that was killed may have written its newest checkpoint and not removed the oldest.
#[test]
fn a_resumed_run_removes_checkpoints_beyond_the_limit_before_its_first_step() {
    let run = tempfile::tempdir().unwrap();
    trainer(training(), pairs(16)).train(&mut [&mut CheckpointSaver::new(run.path())]).unwrap();
    assert_eq!(checkpoints(run.path()), (1..=10).collect::<Vec<_>>());
    let mut resumed = trainer(TrainingConfig { save_total_limit: Some(2), ..training() }, pairs(16));
    resumed.resume(&run.path().join("checkpoint-10")).unwrap();
    // No step is left, so none of them can remove checkpoints.
    resumed.train(&mut [&mut CheckpointSaver::new(run.path())]).unwrap();
    assert_eq!(checkpoints(run.path()), [9, 10]);
}

#[test]
fn early_stopping_counts_evaluations_across_a_resume() {
    let config = TrainingConfig { early_stopping_patience: Some(4), load_best_model_at_end: true, ..training() };
    let run = tempfile::tempdir().unwrap();
    let mut whole = trainer(config.clone(), reversed(16));
    let summary = whole.train(&mut [&mut EarlyStopping, &mut CheckpointSaver::new(run.path())]).unwrap();
    // The first evaluation is the best one. The patience covers the next four.
    assert!(summary.finished && whole.is_finished());
    assert_eq!((summary.steps, checkpoints(run.path())), (5, vec![1, 2, 3, 4, 5]));

    for (checkpoint, steps) in [(3, 5), (5, 5)] {
        let mut resumed = trainer(config.clone(), reversed(16));
        resumed.resume(&run.path().join(format!("checkpoint-{checkpoint}"))).unwrap();
        let mut saver = CheckpointSaver::new(run.path());
        let summary = resumed.train(&mut [&mut EarlyStopping, &mut saver]).unwrap();
        assert_eq!((summary.finished, summary.steps, saver.best_step()), (true, steps, Some(1)), "from {checkpoint}");
        assert_eq!(summary.last_step.map(|step| step.step), Some(steps));
        assert!(weights(resumed.policy()) == weights(whole.policy()));
    }
    // The evaluation rows determine where the run ends, so they must not change.
    let error = trainer(config.clone(), pairs(16)).resume(&run.path().join("checkpoint-3")).unwrap_err().to_string();
    assert!(error.contains("other evaluation rows"), "{error}");

    // Changes below the threshold do not count as improvement.
    let small = TrainingConfig { early_stopping_threshold: 1.0, ..config.clone() };
    let steps = |config| trainer(config, pairs(16)).train(&mut [&mut EarlyStopping]).unwrap().steps;
    assert_eq!((steps(small), steps(config.clone())), (5, 10));
    let unknown = TrainingConfig { metric_for_best_model: Some("eval_accuracy".into()), ..config };
    let config = DpoConfig { training: unknown, ..DpoConfig::default() };
    let error = DpoTrainer::new(policy(), None, pairs(16), config).unwrap_err().to_string();
    assert!(error.contains("metric_for_best_model") && error.contains("rewards/accuracies"), "{error}");
}

#[test]
fn a_smaller_last_batch_is_weighted_by_its_rows() {
    let evaluate = |rows: &[EncodedPair], per_device_eval_batch_size| -> EvaluationRecord {
        let config = TrainingConfig { per_device_eval_batch_size, ..training() };
        let mut trainer = trainer(config, rows.to_vec());
        (0..4).for_each(|_| drop(trainer.next_step().unwrap()));
        trainer.evaluate().unwrap()
    };
    let rows = pairs(32).split_off(19);
    // Thirteen rows one by one give the mean. They are also evaluated in batches of 5, 5 and 3, and of 12 and 1.
    let (plain, most, last) = (evaluate(&rows, 1), evaluate(&rows[..12], 1), evaluate(&rows[12..], 1));
    for name in ["loss", "rewards/chosen", "rewards/rejected", "rewards/margins", "logps/chosen"] {
        let of = |record: &EvaluationRecord| record.get(name).unwrap();
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-5 * a.abs().max(0.2);
        for size in [5, 12] {
            let batched = evaluate(&rows, size);
            assert!(close(of(&plain), of(&batched)), "{name}, batches of {size}: {} and {}", of(&plain), of(&batched));
        }
        assert!(!close(of(&plain), (of(&most) + of(&last)) / 2.0), "{name} would not tell the means apart");
    }
}

#[test]
fn a_loss_that_is_not_finite_names_its_rows_and_keeps_the_last_checkpoint() {
    let mut rows = pairs(16);
    let longest = |pair: &EncodedPair| pair.prompt_ids.len() + pair.chosen_ids.len().max(pair.rejected_ids.len());
    rows.sort_by_key(longest);
    // A position embedding that the texts of the first batches do not use is NaN.
    let reached = rows.iter().take(8).map(longest).max().unwrap();
    let broken_at =
        rows.iter().position(|pair| longest(pair) > reached).expect("a longer text after the first batches");
    let broken = policy();
    tch::no_grad(|| {
        let positions = broken.parameters().get("transformer.wpe.weight").unwrap();
        let _ = positions.narrow(0, reached as i64, 1).fill_(f64::NAN);
    });
    let (step, batch) = (broken_at / 4 + 1, broken_at / 4 * 4..broken_at / 4 * 4 + 4);
    let mut numbers: Vec<usize> = rows[batch].iter().map(|pair| pair.row + 1).collect();
    numbers.sort_unstable();

    let run = tempfile::tempdir().unwrap();
    let training = TrainingConfig { eval_strategy: IntervalStrategy::No, eval_steps: None, ..training() };
    let mut trainer = DpoTrainer::new(broken, None, rows, DpoConfig { training, ..DpoConfig::default() }).unwrap();
    let mut metrics = MetricsFile::create(&run.path().join("metrics.jsonl")).unwrap();
    let error = trainer.train(&mut [&mut metrics, &mut CheckpointSaver::new(run.path())]).unwrap_err();
    let message = error.to_string();
    let Error::NotFinite { step: at, what: "loss", rows, .. } = error else { panic!("{message}") };
    assert_eq!((at, &rows), (step as u64, &numbers));
    let listed = numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
    assert!(message.contains(&format!("rows {listed}")), "{message}");

    let checkpoint = latest_checkpoint(run.path()).unwrap().unwrap();
    assert!(checkpoint.ends_with(format!("checkpoint-{}", step - 1)), "{}", checkpoint.display());
    let same =
        weights(trainer.policy()).into_iter().zip(saved(&checkpoint)).all(|(a, b)| a == b || a.is_nan() && b.is_nan());
    assert!(same, "the weights moved");
    let lines = std::fs::read_to_string(run.path().join("metrics.jsonl")).unwrap();
    let last: StepRecord = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!(last.step, step as u64 - 1);
}

/// A model with one block that is wide enough for its memory to be computed by hand.
fn small(n_embd: i64, kind: Kind) -> Gpt2 {
    let mut config = Gpt2Config::from_pretrained(&data().join("models/gpt2-tiny")).unwrap();
    (config.n_layer, config.n_embd, config.n_head, config.n_inner) = (1, n_embd, 2, None);
    let tensor = |shape: &[i64]| tch::Tensor::zeros(shape, (kind, Device::Cpu));
    let d = n_embd;
    let block = [
        ("ln_1.weight", vec![d]),
        ("ln_1.bias", vec![d]),
        ("attn.c_attn.weight", vec![d, 3 * d]),
        ("attn.c_attn.bias", vec![3 * d]),
        ("attn.c_proj.weight", vec![d, d]),
        ("attn.c_proj.bias", vec![d]),
        ("ln_2.weight", vec![d]),
        ("ln_2.bias", vec![d]),
        ("mlp.c_fc.weight", vec![d, 4 * d]),
        ("mlp.c_fc.bias", vec![4 * d]),
        ("mlp.c_proj.weight", vec![4 * d, d]),
        ("mlp.c_proj.bias", vec![d]),
    ];
    let around = [
        ("transformer.wte.weight".to_owned(), vec![config.vocab_size, d]),
        ("transformer.wpe.weight".to_owned(), vec![config.n_positions, d]),
        ("transformer.ln_f.weight".to_owned(), vec![d]),
        ("transformer.ln_f.bias".to_owned(), vec![d]),
    ];
    let block = block.into_iter().map(|(name, shape)| (format!("transformer.h.0.{name}"), shape));
    let named = around.into_iter().chain(block).map(|(name, shape)| (name, tensor(&shape))).collect();
    Gpt2::from_parameters(config, Parameters::new(named)).unwrap()
}

#[test]
fn the_memory_of_a_run_is_estimated() {
    let prefix_sharing = PrefixSharing::Off;
    let config =
        DpoConfig { micro_batch_tokens: usize::MAX, prefix_sharing, training: training(), ..DpoConfig::default() };
    let rows = pairs(16);
    for (kind, bytes) in [(Kind::Float, 4), (Kind::BFloat16, 2)] {
        let model = small(32, kind);
        let numbers = model.parameters().numel() as u64;
        let found = MemoryEstimate::of(&model, Some(&model), &rows, &config);
        assert_eq!(
            (found.weights, found.reference, found.gradients),
            (bytes * numbers, bytes * numbers, bytes * numbers)
        );
        assert_eq!((found.moments, found.master_weights), (8 * numbers, if bytes == 2 { 4 * numbers } else { 0 }));
        // Four rows are eight sequences; a block keeps 16 d a token, and the backward pass 12 d, as the inner width is 4 d.
        let longest = |pair: &EncodedPair| pair.prompt_ids.len() + pair.chosen_ids.len().max(pair.rejected_ids.len());
        let tokens = 8 * rows.iter().map(longest).max().unwrap() as u64;
        let states = tokens * bytes * 32 * (16 + 3 + 12);
        assert!(found.activations > states && found.activations < states + tokens * 64, "{found:?}");
        assert_eq!(found.total(), found.weights + found.reference + found.without_models());
    }
    // With a small token budget, the largest micro-batch is one pair.
    let model = small(32, Kind::Float);
    let whole = MemoryEstimate::of(&model, None, &rows, &config);
    let parts = MemoryEstimate::of(&model, None, &rows, &DpoConfig { micro_batch_tokens: 1, ..config.clone() });
    assert_eq!((parts.activations * 4, parts.moments), (whole.activations, whole.moments));

    whole.check(whole.without_models(), &config).unwrap();
    let error = whole.check(whole.without_models() - 1, &config).unwrap_err().to_string();
    for part in [
        "in addition to the models",
        "activations",
        "per_device_train_batch_size",
        "micro_batch_tokens",
        "max_length",
        "gradient_checkpointing",
        "dtype",
        "skip_memory_check",
    ] {
        assert!(error.contains(part), "{error} lacks {part}");
    }
    // The advice names only options that the trainer has.
    let error = whole.check(0, &align_train::SftConfig::default()).unwrap_err().to_string();
    assert!(error.contains("max_length") && !error.contains("micro_batch_tokens"), "{error}");
}

#[test]
fn shared_tokens_need_memory_once() {
    // Two sequences of 22 tokens share a prompt of 20, so 24 tokens are computed, and attention covers 44 positions.
    let pair = |row| EncodedPair {
        prompt_ids: (0..20).collect(),
        chosen_ids: vec![30, 31],
        rejected_ids: vec![40, 41],
        row,
        ..EncodedPair::default()
    };
    let (model, rows) = (small(32, Kind::Float), [pair(0), pair(1)]);
    let activations = |prefix_sharing, micro_batch_tokens| {
        let config = DpoConfig { prefix_sharing, micro_batch_tokens, training: training(), ..DpoConfig::default() };
        MemoryEstimate::of(&model, None, &rows, &config).activations
    };
    // Of the 16 d per token in the block, attention keeps 5 d per position. 3 d are outside the block, and the backward pass needs 12 d.
    let states = 4 * 32 * (44 * 5 + 24 * (16 - 5 + 3 + 12));
    let one = activations(PrefixSharing::On, 47);
    assert!(one > states && one < states + 44 * 64, "{one}, expected some {states}");
    assert_eq!(activations(PrefixSharing::On, 48), 2 * one);
    assert_eq!(activations(PrefixSharing::Off, 87) * 2, activations(PrefixSharing::Off, 88));
    assert!(activations(PrefixSharing::Off, 87) > one);
}

#[test]
fn a_run_that_does_not_fit_ends_before_its_first_step() {
    let available = available_memory(Device::Cpu).expect("Linux says what memory there is");
    let longest = pairs(96)
        .into_iter()
        .max_by_key(|pair| pair.prompt_ids.len() + pair.chosen_ids.len().max(pair.rejected_ids.len()));
    let longest = longest.unwrap();
    let training = TrainingConfig { per_device_train_batch_size: usize::MAX, ..training() };
    let training = TrainingConfig { eval_strategy: IntervalStrategy::No, eval_steps: None, ..training };
    let config = DpoConfig { micro_batch_tokens: usize::MAX, training, ..DpoConfig::default() };
    let of_one = MemoryEstimate::of(&policy(), None, std::slice::from_ref(&longest), &config).activations;
    let rows = vec![longest; (available / of_one + 2) as usize];
    let error = DpoTrainer::new(policy(), None, rows, config).unwrap_err();
    assert!(matches!(error, Error::Memory { .. }), "{error}");
}
