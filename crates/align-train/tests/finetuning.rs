//! Fine-tuning and classification beside LibTorch's own cross-entropy of whole logits, on random small models.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_data::{EncodedLabelledText, EncodedText};
use align_models::{
    Attention, CausalLm, DistilBert, DistilBertConfig, Gpt2, Gpt2Config, SequenceClassifier, TrainableModel,
};
use align_train::objective::{Batch, Classification, Objective, Sft, Split};
use align_train::{
    ClassificationConfig, ClassificationTrainer, ProcessGroup, SamplingStrategy, SftConfig, SftTrainer, TrainingConfig,
};
use std::collections::BTreeMap;
use tch::{Device, Kind, Reduction, Tensor};

const VOCAB: i64 = 97;

fn gpt2(seed: u64) -> Gpt2 {
    let config = Gpt2Config {
        vocab_size: VOCAB,
        n_positions: 64,
        n_embd: 24,
        n_layer: 2,
        n_head: 3,
        bos_token_id: Some(0),
        eos_token_id: Some(vec![0]),
        ..Gpt2Config::default()
    };
    Gpt2::new_random(config, seed, Kind::Float, Device::Cpu).unwrap()
}

fn distilbert(seed: u64) -> DistilBert {
    let config = DistilBertConfig {
        vocab_size: VOCAB,
        max_position_embeddings: 64,
        dim: 24,
        n_layers: 2,
        n_heads: 3,
        hidden_dim: 48,
        num_labels: Some(3),
        ..DistilBertConfig::default()
    };
    DistilBert::new_random(config, seed, Kind::Float, Device::Cpu).unwrap()
}

fn ids(count: usize, salt: i64) -> Vec<i64> {
    (0..count as i64).map(|i| (i * i * 7 + 13 * i + 29 * salt) % VOCAB).collect()
}

/// Rows of unlike length, some with prompts.
fn texts() -> Vec<EncodedText> {
    let lengths = [(0, 17), (5, 30), (0, 2), (1, 1), (12, 3), (0, 64), (9, 20)];
    let text = |(row, (prompt, completion)): (usize, &(usize, usize))| EncodedText {
        prompt_ids: ids(*prompt, row as i64),
        completion_ids: ids(*completion, 31 + row as i64),
        row,
        ..EncodedText::default()
    };
    lengths.iter().enumerate().map(text).collect()
}

fn labelled() -> Vec<EncodedLabelledText> {
    let lengths = [5, 31, 12, 12, 64, 2, 7];
    let text = |(row, length): (usize, &usize)| EncodedLabelledText {
        input_ids: ids(*length, row as i64),
        label: (row % 3) as i64,
        row,
    };
    lengths.iter().enumerate().map(text).collect()
}

/// Gradients of all weights by name, which are then set to zero.
fn take_gradients(model: &impl TrainableModel) -> BTreeMap<String, Tensor> {
    let take = |(name, weight): (&str, &Tensor)| {
        let mut gradient = weight.grad();
        let taken = gradient.copy();
        let _ = gradient.zero_();
        (name.to_owned(), taken)
    };
    model.parameters().iter().map(take).collect()
}

fn prepare_gradients(model: &impl TrainableModel) {
    model.parameters().set_requires_grad(true);
    for (_, weight) in model.parameters().iter() {
        (weight * 0.0).sum(Kind::Float).backward();
    }
}

fn assert_near(found: &BTreeMap<String, Tensor>, expected: &BTreeMap<String, Tensor>) {
    assert_eq!(found.len(), expected.len());
    for (name, expected) in expected {
        let scale = expected.abs().max().double_value(&[]);
        let apart = (&found[name] - expected).abs().max().double_value(&[]);
        assert!(scale > 0.0 && apart <= 2e-5 * scale + 1e-8, "{name}: {apart} of {scale}");
    }
}

/// The sum of the cross-entropy of each row by itself, unpadded, over its tokens from `first` on; and their number.
fn plain_loss(model: &Gpt2, rows: &[EncodedText], only_completions: bool) -> (Tensor, f64) {
    let mut sum = Tensor::from(0f32);
    let mut count = 0.0;
    for row in rows {
        let ids = [row.prompt_ids.as_slice(), &row.completion_ids].concat();
        let first = if only_completions { row.prompt_ids.len().max(1) } else { 1 } as i64;
        let all = Tensor::from_slice(&ids).unsqueeze(0);
        let hidden = model.hidden(&all, None, &Attention::Causal, None).unwrap();
        let logits = hidden.squeeze_dim(0).matmul(&model.head().tr());
        let (length, learnt) = (ids.len() as i64, ids.len() as i64 - first);
        let targets = all.squeeze_dim(0).narrow(0, first, learnt);
        let predictions = logits.narrow(0, first - 1, length - first);
        sum += predictions.cross_entropy_loss::<Tensor>(&targets, None, Reduction::Sum, -100, 0.0);
        count += learnt as f64;
    }
    (sum, count)
}

#[test]
fn the_loss_of_texts_and_its_gradient_are_those_of_whole_logits() {
    for completion_only_loss in [None, Some(false)] {
        let model = gpt2(3);
        prepare_gradients(&model);
        let (sum, count) = plain_loss(&model, &texts(), completion_only_loss.is_none());
        (&sum * (0.7 / count)).backward();
        let expected = take_gradients(&model);
        let loss = sum.double_value(&[]) / count;

        let mut sft = Sft::new(model, SftConfig { completion_only_loss, ..SftConfig::default() }).unwrap();
        let (rows, indices) = (texts(), (0..texts().len()).collect::<Vec<_>>());
        sft.prepare(Split::Train, &rows, &ProcessGroup::single()).unwrap();
        let group = ProcessGroup::single();
        let batch = Batch::new(Split::Train, &rows, &indices, &group);
        assert_eq!(sft.batch_weight(&batch), count);
        let output = sft.compute_loss(&batch, Some(0.7)).unwrap();
        assert!((output.loss() - loss).abs() < 1e-5, "{} {loss}", output.loss());
        assert_eq!(output.tokens, 164);
        assert_near(&take_gradients(sft.policy()), &expected);
        let alone = tch::no_grad(|| sft.compute_loss(&batch, None)).unwrap();
        assert_eq!((alone.loss_terms, alone.metrics), (output.loss_terms, output.metrics));
    }
}

/// More tokens than a chunk of the output projection takes at a time.
#[test]
fn long_batches_are_their_chunks() {
    let model = gpt2(4);
    prepare_gradients(&model);
    let rows: Vec<EncodedText> = (0..9)
        .map(|row| EncodedText {
            prompt_ids: vec![],
            completion_ids: ids(64, row as i64),
            row,
            ..EncodedText::default()
        })
        .collect();
    let (sum, count) = plain_loss(&model, &rows, true);
    (&sum / count).backward();
    let expected = take_gradients(&model);
    let mut sft = Sft::new(model, SftConfig::default()).unwrap();
    let indices: Vec<usize> = (0..9).collect();
    let output =
        sft.compute_loss(&Batch::new(Split::Train, &rows, &indices, &ProcessGroup::single()), Some(1.0)).unwrap();
    assert!((output.loss() - sum.double_value(&[]) / count).abs() < 1e-5);
    assert_near(&take_gradients(sft.policy()), &expected);
    let (accuracy, entropy) = token_statistics(sft.policy(), &rows);
    assert!((output.metrics.get("mean_token_accuracy").unwrap().value - accuracy).abs() < 1e-9);
    assert!((output.metrics.get("entropy").unwrap().value - entropy).abs() < 1e-5);
}

fn token_statistics(model: &impl CausalLm, rows: &[EncodedText]) -> (f64, f64) {
    let (mut correct, mut entropy, mut count) = (0.0, 0.0, 0.0);
    for row in rows {
        let all = Tensor::from_slice(&row.completion_ids).unsqueeze(0);
        let logits =
            model.hidden(&all, None, &Attention::Causal, None).unwrap().squeeze_dim(0).matmul(&model.head().tr());
        let last = row.completion_ids.len() as i64 - 1;
        let logps = logits.narrow(0, 0, last).log_softmax(-1, Kind::Double);
        let targets = all.squeeze_dim(0).narrow(0, 1, last);
        correct += logps.argmax(-1, false).eq_tensor(&targets).sum(Kind::Double).double_value(&[]);
        entropy -= (logps.exp() * &logps).sum(Kind::Double).double_value(&[]);
        count += last as f64;
    }
    (correct / count, entropy / count)
}

#[test]
fn the_loss_of_classes_and_its_gradient_are_those_of_rows_by_themselves() {
    let model = distilbert(5);
    prepare_gradients(&model);
    let rows = labelled();
    let losses: Vec<Tensor> = rows
        .iter()
        .map(|row| {
            let logits = model.logits(&Tensor::from_slice(&row.input_ids).unsqueeze(0), None).unwrap();
            let label = Tensor::from_slice(&[row.label]);
            logits.cross_entropy_loss::<Tensor>(&label, None, Reduction::Mean, -100, 0.0)
        })
        .collect();
    let loss = Tensor::stack(&losses, 0).mean(Kind::Float);
    (&loss * 0.7).backward();
    let expected = take_gradients(&model);
    let texts: Vec<Vec<i64>> = rows.iter().map(|row| row.input_ids.clone()).collect();
    let best = |logits: &Vec<f32>| (0..3).max_by(|a, b| logits[*a].total_cmp(&logits[*b])).unwrap() as i64;
    let right = model
        .classify(&texts, 2, &mut |_| ())
        .unwrap()
        .iter()
        .zip(&rows)
        .filter(|(x, row)| best(x) == row.label)
        .count();

    let mut classification = Classification::new(model, ClassificationConfig::default()).unwrap();
    classification.prepare(Split::Train, &rows, &ProcessGroup::single()).unwrap();
    let indices: Vec<usize> = (0..rows.len()).collect();
    let group = ProcessGroup::single();
    let batch = Batch::new(Split::Train, &rows, &indices, &group);
    let output = classification.compute_loss(&batch, Some(0.7)).unwrap();
    assert!((output.loss() - loss.double_value(&[])).abs() < 1e-6);
    assert!((output.metrics.get("accuracy").unwrap().value - right as f64 / 7.0).abs() < 1e-9);
    assert_eq!(output.tokens, 133);
    assert_near(&take_gradients(classification.policy()), &expected);
}

fn training(batch: usize, accumulation: usize) -> TrainingConfig {
    TrainingConfig {
        per_device_train_batch_size: batch,
        gradient_accumulation_steps: accumulation,
        max_steps: Some(1),
        learning_rate: 1e-2,
        disable_dropout: true,
        train_sampling_strategy: SamplingStrategy::Sequential,
        ..TrainingConfig::default()
    }
}

/// However a step's rows are spread over micro-batches, it is the same step.
#[test]
fn micro_batches_count_by_their_tokens_and_rows() {
    let steps: Vec<(f64, f64, f64)> = [(7, 1), (3, 3), (2, 4), (1, 7)]
        .into_iter()
        .map(|(batch, accumulation)| {
            let config = SftConfig { training: training(batch, accumulation), ..SftConfig::default() };
            let mut trainer = SftTrainer::new(gpt2(6), texts(), config).unwrap();
            let text = trainer.next_step().unwrap().unwrap();
            let config =
                ClassificationConfig { training: training(batch, accumulation), max_length: None, token_dropout: 0.0 };
            let mut trainer = ClassificationTrainer::new(distilbert(6), labelled(), config).unwrap();
            let class = trainer.next_step().unwrap().unwrap();
            assert_eq!((text.num_tokens, class.num_tokens), (164, 133));
            (text.loss, text.grad_norm, class.loss)
        })
        .collect();
    for other in &steps[1..] {
        assert!((other.0 - steps[0].0).abs() < 1e-6, "{steps:?}");
        assert!((other.1 - steps[0].1).abs() < 1e-5 * steps[0].1, "{steps:?}");
        assert!((other.2 - steps[0].2).abs() < 1e-6, "{steps:?}");
    }
}

#[test]
fn training_learns() {
    let config =
        SftConfig { training: TrainingConfig { max_steps: Some(60), ..training(7, 1) }, ..SftConfig::default() };
    let mut trainer = SftTrainer::new(gpt2(7), texts(), config).unwrap().with_evaluation(texts()).unwrap();
    let before = trainer.evaluate().unwrap();
    assert!((before.eval_loss - (VOCAB as f64).ln()).abs() < 0.1, "new weights know nothing: {}", before.eval_loss);
    trainer.train(&mut []).unwrap();
    let after = trainer.evaluate().unwrap();
    assert!(after.eval_loss < 1.0, "{}", after.eval_loss);
    assert_eq!(after.metrics.get("perplexity"), Some(after.eval_loss.exp()));

    let config = ClassificationConfig {
        training: TrainingConfig { max_steps: Some(60), ..training(7, 1) },
        max_length: None,
        token_dropout: 0.0,
    };
    let mut trainer =
        ClassificationTrainer::new(distilbert(7), labelled(), config).unwrap().with_evaluation(labelled()).unwrap();
    trainer.train(&mut []).unwrap();
    assert_eq!(trainer.evaluate().unwrap().metrics.get("accuracy"), Some(1.0));
}

#[test]
fn rows_that_cannot_be_taken_are_refused_by_row_and_option() {
    let refused = |change: &dyn Fn(&mut Vec<EncodedText>), config: SftConfig| {
        let mut rows = texts();
        change(&mut rows);
        SftTrainer::new(gpt2(1), rows, config).unwrap_err().to_string()
    };
    let limit = refused(&|_| (), SftConfig { max_length: Some(40), ..SftConfig::default() });
    assert!(limit.contains("row 6") && limit.contains("max_length is 40"), "{limit}");
    let prompts = refused(&|_| (), SftConfig { completion_only_loss: Some(true), ..SftConfig::default() });
    assert!(prompts.contains("completion_only_loss") && prompts.contains("row 1"), "{prompts}");
    let foreign = refused(&|rows| rows[2].completion_ids[0] = VOCAB, SftConfig::default());
    assert!(foreign.contains("row 3") && foreign.contains("vocabulary"), "{foreign}");
    let long = refused(&|rows| rows[5].completion_ids.push(1), SftConfig::default());
    assert!(long.contains("row 6") && long.contains("65 tokens"), "{long}");

    let refused = |change: &dyn Fn(&mut Vec<EncodedLabelledText>)| {
        let mut rows = labelled();
        change(&mut rows);
        ClassificationTrainer::new(distilbert(1), rows, ClassificationConfig::default()).unwrap_err().to_string()
    };
    assert!(refused(&|rows| rows[1].label = 3).contains("row 2: label 3"));
    assert!(refused(&|rows| rows[1].label = -1).contains("row 2: label -1"));
    assert!(refused(&|rows| rows[4].input_ids.push(1)).contains("row 5: has 65 tokens"));
    assert!(refused(&|rows| rows[0].input_ids.clear()).contains("has no tokens"));
    assert!(refused(&|rows| rows[6].input_ids[3] = -1).contains("token id -1"));
}
