use crate::objective::{self, CompletionTokens};
use crate::reference_logps::ReferenceLogps;
use crate::sampler::{dropout_seed, epoch_order};
use crate::{
    AdamW, DpoConfig, Error, LrSchedule, PairMetrics, Result, SamplingStrategy, StepRecord, clip_grad_norm, fingerprint,
};
use align_data::{EncodedPair, PairBatch};
use align_losses::DpoLoss;
use align_models::CausalLm;

/// Trains a policy against a frozen reference on preference pairs (DPO, arXiv:2305.18290, and its family).
///
/// The trainer is an iterator: each item is one optimiser step. [`DpoTrainer::train`] runs it with observers.
///
/// Everything it does follows from the weights, the pairs and the [`DpoConfig`]: the same run gives the same bytes, and so
/// does one that was stopped and resumed.
#[derive(Debug)]
pub struct DpoTrainer<M> {
    pub(crate) policy: M,
    pub(crate) reference: M,
    pub(crate) config: DpoConfig,
    pub(crate) loss: DpoLoss,
    pub(crate) optimizer: AdamW,
    pub(crate) train: Vec<EncodedPair>,
    pub(crate) eval: Vec<EncodedPair>,
    pub(crate) train_reference: ReferenceLogps,
    pub(crate) eval_reference: ReferenceLogps,
    pub(crate) reference_fingerprint: f64,
    pub(crate) step: u64,
    pub(crate) num_tokens: u64,
    schedule: LrSchedule,
    /// The running epoch's order of rows.
    order: (u64, Vec<usize>),
}

/// What one micro-batch adds to a step.
struct MicroBatch {
    loss: f64,
    metrics: PairMetrics,
    tokens: u64,
}

impl<M: CausalLm> DpoTrainer<M> {
    /// A trainer at step 0. Without a `reference` it is a copy of the policy as it stands.
    ///
    /// # Errors
    /// Options that contradict each other, no pairs, token ids or lengths that the model cannot take, or a reference of
    /// another vocabulary.
    pub fn new(mut policy: M, reference: Option<M>, train: Vec<EncodedPair>, config: DpoConfig) -> Result<Self> {
        config.validate()?;
        if train.is_empty() {
            return Err(Error::Data("there are no training pairs".into()));
        }
        check_pairs(&train, &policy, "training")?;
        let reference = match reference {
            Some(given) => given,
            None => policy.frozen_copy()?,
        };
        if reference.vocab_size() != policy.vocab_size() {
            let (a, b) = (policy.vocab_size(), reference.vocab_size());
            return Err(Error::Data(format!(
                "the policy has {a} token ids, the reference {b}: take a reference of the same tokeniser"
            )));
        }
        check_pairs(&train, &reference, "training")?;
        reference.parameters().set_requires_grad(false);
        policy.parameters().set_requires_grad(true);
        policy.set_training(!config.disable_dropout);
        zero_gradients(&policy)?;
        let optimizer = AdamW::new(policy.parameters().iter(), config.adamw())?;
        let total_steps = config.total_steps(train.len());
        let schedule = LrSchedule {
            kind: config.lr_scheduler_type,
            learning_rate: config.learning_rate,
            warmup_steps: config.warmup(total_steps),
            total_steps,
        };
        Ok(Self {
            loss: config.loss()?,
            reference_fingerprint: fingerprint::of_weights(reference.parameters())?,
            train_reference: ReferenceLogps::new(train.len()),
            eval_reference: ReferenceLogps::new(0),
            eval: Vec::new(),
            step: 0,
            num_tokens: 0,
            order: (u64::MAX, Vec::new()),
            policy,
            reference,
            config,
            optimizer,
            train,
            schedule,
        })
    }

    /// Takes held-out pairs for [`DpoTrainer::evaluate`].
    ///
    /// # Errors
    /// No pairs, or token ids or lengths that the model cannot take.
    pub fn with_evaluation(mut self, eval: Vec<EncodedPair>) -> Result<Self> {
        if eval.is_empty() {
            return Err(Error::Data("there are no evaluation pairs".into()));
        }
        check_pairs(&eval, &self.policy, "evaluation")?;
        check_pairs(&eval, &self.reference, "evaluation")?;
        self.eval_reference = ReferenceLogps::new(eval.len());
        self.eval = eval;
        Ok(self)
    }

    /// The policy as it stands.
    pub fn policy(&self) -> &M {
        &self.policy
    }

    /// The policy, with gradients and dropout off.
    pub fn into_policy(mut self) -> M {
        self.policy.set_training(false);
        self.policy.parameters().set_requires_grad(false);
        self.policy
    }

    /// The options.
    pub fn config(&self) -> &DpoConfig {
        &self.config
    }

    /// Optimiser steps done.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Optimiser steps of the whole run.
    pub fn total_steps(&self) -> u64 {
        self.schedule.total_steps
    }

    /// Epochs done, as a fraction: micro-batches seen over micro-batches of an epoch.
    pub fn epoch(&self) -> f64 {
        let (per_epoch, micro) = (self.steps_per_epoch(), self.config.micro_batches_per_epoch(self.train.len()));
        let seen = (self.step % per_epoch).saturating_mul(self.config.gradient_accumulation_steps as u64).min(micro);
        (self.step / per_epoch) as f64 + seen as f64 / micro as f64
    }

    /// Optimiser steps of an epoch.
    pub fn steps_per_epoch(&self) -> u64 {
        self.config.steps_per_epoch(self.train.len())
    }

    /// One optimiser step, or `None` when the run is over.
    ///
    /// # Errors
    /// A loss or gradient that is not finite: the weights are then those before the step.
    pub fn next_step(&mut self) -> Result<Option<StepRecord>> {
        if self.step >= self.schedule.total_steps {
            return Ok(None);
        }
        self.optimizer.zero_grad();
        let batches = self.step_rows();
        let share = 1.0 / batches.len() as f64;
        let (mut loss, mut pairs, mut tokens) = (0.0, Vec::with_capacity(batches.len()), 0);
        for (index, rows) in batches.iter().enumerate() {
            let micro = self.micro_batch(rows, index as u64, share)?;
            loss += share * micro.loss;
            pairs.push(micro.metrics);
            tokens += micro.tokens;
        }
        self.finite("loss", loss)?;
        let max_norm = (self.config.max_grad_norm > 0.0).then_some(self.config.max_grad_norm);
        let grad_norm = clip_grad_norm(self.policy.parameters().iter().map(|(_, tensor)| tensor), max_norm)?;
        self.finite("grad_norm", grad_norm)?;
        let learning_rate = self.schedule.at(self.step);
        self.optimizer.step(learning_rate)?;
        self.step += 1;
        self.num_tokens += tokens;
        let (num_tokens, epoch, step) = (self.num_tokens, self.epoch(), self.step);
        let pairs = PairMetrics::mean(pairs);
        Ok(Some(StepRecord { loss, grad_norm, learning_rate, num_tokens, pairs, epoch, step }))
    }

    /// The rows of the next step's micro-batches.
    fn step_rows(&mut self) -> Vec<Vec<usize>> {
        let (epoch, index) = (self.step / self.steps_per_epoch(), self.step % self.steps_per_epoch());
        if self.order.0 != epoch {
            let rows = self.train.len();
            let order = match self.config.train_sampling_strategy {
                SamplingStrategy::Random => epoch_order(rows, self.config.seed, epoch),
                SamplingStrategy::Sequential => (0..rows).collect(),
            };
            self.order = (epoch, order);
        }
        let batch = self.config.per_device_train_batch_size;
        let window = batch.saturating_mul(self.config.gradient_accumulation_steps);
        let start = (index as usize).saturating_mul(window);
        let rows = self.order.1.iter().copied().skip(start).take(window).collect::<Vec<_>>();
        rows.chunks(batch).map(<[usize]>::to_vec).collect()
    }

    fn micro_batch(&mut self, rows: &[usize], index: u64, share: f64) -> Result<MicroBatch> {
        let batch = self.batch(&self.train, rows)?;
        let tokens = CompletionTokens::of(&batch)?;
        let reference = self
            .train_reference
            .of(rows, self.policy.device(), || objective::frozen_logps(&self.reference, &batch, &tokens))?;
        if !self.config.disable_dropout {
            tch::manual_seed(dropout_seed(self.config.seed, self.step, index));
        }
        let forward = objective::forward(&self.policy, &batch, &tokens)?;
        let (output, mut by_logps) =
            self.loss.evaluate_with_gradient(&forward.logps, &reference, Some(&tokens.counts()?))?;
        let loss = output.losses.f_mean(tch::Kind::Double)?.f_double_value(&[])?;
        let metrics = objective::pair_metrics(&forward, &output.rewards, &tokens)?;
        if share < 1.0 {
            for side in [&mut by_logps.chosen, &mut by_logps.rejected] {
                let _ = side.f_mul_scalar_(share)?;
            }
        }
        objective::backward(&self.policy, forward, &tokens, &by_logps)?;
        let seen = batch.attention_mask.f_sum(tch::Kind::Int64)?.f_int64_value(&[])?;
        Ok(MicroBatch { loss, metrics, tokens: seen as u64 })
    }

    /// The rows as tensors on the policy's device.
    pub(crate) fn batch(&self, from: &[EncodedPair], rows: &[usize]) -> Result<PairBatch> {
        let pairs: Vec<&EncodedPair> = rows.iter().filter_map(|row| from.get(*row)).collect();
        // Padding is masked everywhere, so any id of the vocabulary serves.
        let pad = self.policy.eos_token_id().unwrap_or(0);
        Ok(PairBatch::new(&pairs, pad)?.to_device(self.policy.device())?)
    }

    fn finite(&self, what: &'static str, value: f64) -> Result<()> {
        if value.is_finite() { Ok(()) } else { Err(Error::NotFinite { step: self.step + 1, what, value }) }
    }
}

impl<M: CausalLm> Iterator for DpoTrainer<M> {
    type Item = Result<StepRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_step().transpose()
    }
}

/// Gives every weight a gradient of zeros, so that backward passes can add to it in place.
fn zero_gradients(policy: &impl CausalLm) -> Result<()> {
    for (_, weight) in policy.parameters().iter() {
        weight.f_mul_scalar(0.0)?.f_sum(weight.kind())?.f_backward()?;
        // 0 · ∞ is NaN: a damaged weight must not hide in a gradient.
        let _ = weight.grad().f_zero_()?;
    }
    Ok(())
}

fn check_pairs(pairs: &[EncodedPair], model: &impl CausalLm, what: &str) -> Result<()> {
    let (vocab, most) = (model.vocab_size(), model.n_positions());
    for pair in pairs {
        let row = pair.row + 1;
        let longest = pair.prompt_ids.len() + pair.chosen_ids.len().max(pair.rejected_ids.len());
        if longest as i64 > most {
            return Err(Error::Data(format!(
                "{what} row {row} has {longest} tokens, the model takes {most}: set max_length to at most {most}"
            )));
        }
        for (side, ids) in
            [("prompt", &pair.prompt_ids), ("chosen", &pair.chosen_ids), ("rejected", &pair.rejected_ids)]
        {
            if let Some(id) = ids.iter().find(|id| !(0..vocab).contains(*id)) {
                return Err(Error::Data(format!(
                    "{what} row {row}, {side}: token id {id} is outside the model's vocabulary of {vocab}: use the model's own tokeniser"
                )));
            }
            // The first token of a sequence is predicted by nothing.
            if side != "prompt" && ids.len() + pair.prompt_ids.len().min(1) < 2 {
                return Err(Error::Data(format!("{what} row {row}: the {side} completion has no token to learn")));
            }
        }
    }
    Ok(())
}
