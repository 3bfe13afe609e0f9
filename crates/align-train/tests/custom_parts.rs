//! A custom loss, divergence and objective, written with the public interface. Each gives the same weights as the built-in
//! implementation of the same formula.
#![allow(clippy::unwrap_used)]

use align_data::{CompletionBatch, EncodedPair};
use align_losses::{Divergence, LinearLogpsOptions, MarginLoss, Mean, Method, Pair, PairLogps, PairLoss, Sigmoid};
use align_models::{Attention, CausalLm, Gpt2, Gpt2Config, TrainableModel};
use align_train::objective::{Batch, BatchOutput, Dpo, SequenceTokens, Split, TokenLogps};
use align_train::{
    BatchMetrics, DpoConfig, FDivergenceType, Objective, ProcessGroup, Result, RunConfig, Trainer, TrainingConfig,
};
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

const BETA: f64 = 0.3;

/// DPO's loss.
#[derive(Debug)]
struct CustomLoss;

impl PairLoss for CustomLoss {
    fn losses(&self, logps: &PairLogps) -> align_losses::Result<Tensor> {
        let Pair { chosen, rejected } = logps.log_ratios();
        Ok(-(BETA * (chosen - rejected)).log_sigmoid())
    }

    fn beta(&self) -> f64 {
        BETA
    }
}

/// Forward KL.
#[derive(Debug)]
struct CustomDivergence;

impl Divergence for CustomDivergence {
    fn score(&self, log_ratio: &Tensor) -> align_losses::Result<Tensor> {
        Ok(-(-log_ratio).exp())
    }
}

/// DPO in its simplest form: a forward pass, a loss, and `backward()`.
struct CustomObjective {
    policy: Gpt2,
    reference: Gpt2,
    config: CustomConfig,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct CustomConfig {
    training: TrainingConfig,
}

impl RunConfig for CustomConfig {
    fn training(&self) -> &TrainingConfig {
        &self.training
    }

    fn training_mut(&mut self) -> &mut TrainingConfig {
        &mut self.training
    }

    fn validate(&self) -> Result<()> {
        self.training.validate()
    }

    fn tag(&self) -> &'static str {
        "dpo"
    }

    fn methods(&self) -> Vec<Method> {
        vec![Method { name: "DPO", paper: "https://arxiv.org/abs/2305.18290" }]
    }
}

/// Each sequence's log-probability of its completion, `(2 · pairs)`.
fn logps(model: &dyn CausalLm, sequences: &CompletionBatch) -> Result<Tensor> {
    let tokens = SequenceTokens::from_batch(sequences)?;
    let hidden = model.hidden(&sequences.input_ids, None, &Attention::Causal, None)?;
    tokens.sequence_logps(&TokenLogps::new(model, &hidden, &tokens, &LinearLogpsOptions::default())?.logps)
}

impl Objective for CustomObjective {
    type Model = Gpt2;
    type Row = EncodedPair;
    type Config = CustomConfig;

    fn config(&self) -> &CustomConfig {
        &self.config
    }

    fn policy(&self) -> &Gpt2 {
        &self.policy
    }

    fn policy_mut(&mut self) -> &mut Gpt2 {
        &mut self.policy
    }

    fn into_policy(self) -> Gpt2 {
        self.policy
    }

    fn prepare(&mut self, _split: Split, _rows: &[EncodedPair], _group: &ProcessGroup) -> Result<()> {
        Ok(())
    }

    fn compute_loss(&mut self, batch: &Batch<'_, EncodedPair>, gradient_scale: Option<f64>) -> Result<BatchOutput> {
        let rows = batch.rows();
        let sequences = CompletionBatch::of_pairs(&rows, 0)?;
        let reference = tch::no_grad(|| logps(&self.reference, &sequences))?;
        let log_ratios = logps(&self.policy, &sequences)? - reference;
        let pairs = rows.len() as i64;
        let margins = log_ratios.narrow(0, 0, pairs) - log_ratios.narrow(0, pairs, pairs);
        let loss = -(BETA * margins).log_sigmoid().mean(Kind::Double);
        if let Some(scale) = gradient_scale {
            (&loss * scale * batch.fraction()).backward();
        }
        let loss_terms = vec![Mean::over_pairs(loss.double_value(&[]), rows.len())];
        Ok(BatchOutput { loss_terms, metrics: BatchMetrics::default(), tokens: 0 })
    }
}

fn gpt2(seed: u64) -> Gpt2 {
    let config = Gpt2Config {
        vocab_size: 53,
        n_positions: 32,
        n_embd: 16,
        n_layer: 2,
        n_head: 2,
        bos_token_id: Some(0),
        eos_token_id: Some(vec![0]),
        ..Gpt2Config::default()
    };
    Gpt2::new_random(config, seed, Kind::Float, Device::Cpu).unwrap()
}

fn pairs() -> Vec<EncodedPair> {
    let ids = |count: usize, salt: usize| (0..count).map(|i| ((i * i * 7 + 13 * i + 29 * salt) % 53) as i64).collect();
    let pair = |row: usize| EncodedPair {
        prompt_ids: ids(1 + row % 4, row),
        chosen_ids: ids(2 + row * 5 % 11, row + 20),
        rejected_ids: ids(2 + row * 7 % 13, row + 40),
        row,
        ..EncodedPair::default()
    };
    (0..8).map(pair).collect()
}

fn training() -> TrainingConfig {
    TrainingConfig {
        per_device_train_batch_size: 3,
        gradient_accumulation_steps: 2,
        learning_rate: 1e-2,
        // Updates follow the gradient, so that the rounding of a small one is not blown up.
        adam_epsilon: 1e-2,
        max_steps: Some(4),
        ..TrainingConfig::default()
    }
}

/// The weights and the losses of a run.
fn trained<O: Objective<Row = EncodedPair>>(objective: O) -> (Vec<Tensor>, Vec<f64>) {
    let mut trainer = Trainer::from_objective(objective, pairs()).unwrap();
    let losses = trainer.by_ref().map(|record| record.unwrap().loss).collect();
    let policy = trainer.into_policy();
    (policy.parameters().iter().map(|(_, weight)| weight.copy()).collect(), losses)
}

#[test]
fn custom_parts_train_like_the_built_in_ones() {
    let config =
        |f_divergence_type| DpoConfig { beta: BETA, f_divergence_type, training: training(), ..DpoConfig::default() };
    let reference = || Some(Box::new(gpt2(2)) as Box<dyn CausalLm>);
    let named = |divergence| trained(Dpo::new(gpt2(1), reference(), config(divergence)).unwrap());
    let own = |loss| trained(Dpo::with_loss(gpt2(1), reference(), config(FDivergenceType::ReverseKl), loss).unwrap());

    let dpo = named(FDivergenceType::ReverseKl);
    assert_same(&own(Box::new(CustomLoss)), &dpo);
    let divergence = MarginLoss::new(CustomDivergence, Sigmoid { label_smoothing: 0.0 }, BETA).unwrap();
    assert_same(&own(Box::new(divergence)), &named(FDivergenceType::ForwardKl));
    let config = CustomConfig { training: training() };
    assert_same(&trained(CustomObjective { policy: gpt2(1), reference: gpt2(2), config }), &dpo);

    let still = gpt2(1);
    let moved = still.parameters().iter().zip(&dpo.0).any(|((_, before), after)| *before != *after);
    assert!(moved && dpo.1.first() != dpo.1.last(), "nothing was trained");
}

fn assert_same(found: &(Vec<Tensor>, Vec<f64>), expected: &(Vec<Tensor>, Vec<f64>)) {
    for (found, expected) in found.0.iter().zip(&expected.0) {
        assert!((found - expected).abs().max().double_value(&[]) < 1e-6);
    }
    for (found, expected) in found.1.iter().zip(&expected.1) {
        assert!((found - expected).abs() < 1e-6, "a loss of {found}, expected {expected}");
    }
    assert_eq!((found.0.len(), found.1.len()), (expected.0.len(), expected.1.len()));
}
