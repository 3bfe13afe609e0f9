use crate::history::History;
use crate::line_files::LineFiles;
use crate::memory::{MemoryEstimate, available_memory};
use crate::model_facts::{device, frozen_digest};
use crate::objective::{Batch, Objective, Row, Split};
use crate::sampler::{dropout_seed, epoch_order, grouped_by_length};
use crate::{
    AdamW, Error, EvaluationRecord, LrSchedule, Metrics, Result, RunConfig, SamplingStrategy, StepRecord,
    TrainingConfig, clip_grad_norm,
};
use align_models::{Parameters, TrainableModel};

/// Trains a policy on rows of data towards an [`Objective`].
///
/// The trainer is an iterator: each item is one optimiser step. [`Trainer::train`] runs it with observers.
///
/// Everything it does follows from the weights, the rows and the options: the same run gives the same bytes, and so does one
/// that was stopped and resumed.
#[derive(Debug)]
pub struct Trainer<O: Objective> {
    pub(crate) objective: O,
    pub(crate) optimizer: AdamW,
    pub(crate) train: Vec<O::Row>,
    pub(crate) eval: Vec<O::Row>,
    pub(crate) step: u64,
    pub(crate) num_tokens: u64,
    pub(crate) history: History,
    pub(crate) line_files: LineFiles,
    /// Digest of the weights that stand still under the policy's adapter, if it has one.
    pub(crate) frozen: Option<String>,
    /// Whether an observer has called the run done before its last step.
    pub(crate) done_early: bool,
    schedule: LrSchedule,
    /// The running epoch's order of rows.
    order: (u64, Vec<usize>),
}

impl<O: Objective> Trainer<O> {
    /// A trainer at step 0 of any objective.
    ///
    /// # Errors
    /// Options that contradict each other, no rows, or rows that the objective refuses.
    pub fn of(mut objective: O, train: Vec<O::Row>) -> Result<Self> {
        objective.config().validate()?;
        if train.is_empty() {
            return Err(Error::Data("there are no training rows".into()));
        }
        let config = objective.config().training().clone();
        objective
            .policy_mut()
            .set_gradient_checkpointing(config.gradient_checkpointing)
            .map_err(|e| Error::Config { option: "gradient_checkpointing", reason: e.to_string() })?;
        objective.prepare(Split::Train, &train)?;
        let policy = objective.policy_mut();
        policy.parameters().set_requires_grad(true);
        policy.set_training(!config.disable_dropout);
        check_memory(&objective, &train)?;
        let policy = objective.policy();
        zero_gradients(policy.parameters())?;
        let optimizer = AdamW::new(policy.parameters().iter(), config.adamw())?;
        let frozen = frozen_digest(policy)?;
        let total_steps = config.total_steps(train.len());
        let schedule = LrSchedule {
            kind: config.lr_scheduler_type,
            learning_rate: config.learning_rate,
            warmup_steps: config.warmup(total_steps),
            total_steps,
        };
        Ok(Self {
            objective,
            optimizer,
            train,
            eval: Vec::new(),
            step: 0,
            num_tokens: 0,
            history: History::default(),
            line_files: LineFiles::default(),
            frozen,
            done_early: false,
            schedule,
            order: (u64::MAX, Vec::new()),
        })
    }

    /// Takes held-out rows for [`Trainer::evaluate`].
    ///
    /// # Errors
    /// No rows, or rows that the objective refuses.
    pub fn with_evaluation(mut self, eval: Vec<O::Row>) -> Result<Self> {
        if eval.is_empty() {
            return Err(Error::Data("there are no evaluation rows".into()));
        }
        self.objective.prepare(Split::Eval, &eval)?;
        self.eval = eval;
        Ok(self)
    }

    /// The policy as it stands.
    pub fn policy(&self) -> &O::Model {
        self.objective.policy()
    }

    /// The policy as after loading: with gradients, dropout and gradient checkpointing off.
    pub fn into_policy(self) -> O::Model {
        let mut policy = self.objective.into_policy();
        policy.set_training(false);
        // Only turning it on can be refused.
        let _ = policy.set_gradient_checkpointing(false);
        policy.parameters().set_requires_grad(false);
        policy
    }

    /// All options of the run.
    pub fn config(&self) -> &O::Config {
        self.objective.config()
    }

    pub(crate) fn training(&self) -> &TrainingConfig {
        self.objective.config().training()
    }

    /// Optimiser steps done.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Whether the run is over: its last step is done, or an observer has called it done.
    pub fn is_done(&self) -> bool {
        self.step >= self.schedule.total_steps || self.done_early
    }

    /// The run's evaluations so far, those before a resume included; [`Trainer::train`] keeps them.
    pub fn evaluations(&self) -> &[EvaluationRecord] {
        &self.history.evaluations
    }

    /// Optimiser steps of the whole run.
    pub fn total_steps(&self) -> u64 {
        self.schedule.total_steps
    }

    /// Epochs done, as a fraction: micro-batches seen over micro-batches of an epoch.
    pub fn epoch(&self) -> f64 {
        let (per_epoch, micro) = (self.steps_per_epoch(), self.training().micro_batches_per_epoch(self.train.len()));
        let window = self.training().gradient_accumulation_steps as u64;
        let seen = (self.step % per_epoch).saturating_mul(window).min(micro);
        (self.step / per_epoch) as f64 + seen as f64 / micro as f64
    }

    /// Optimiser steps of an epoch.
    pub fn steps_per_epoch(&self) -> u64 {
        self.training().steps_per_epoch(self.train.len())
    }

    /// One optimiser step, or `None` when the run is over.
    ///
    /// # Errors
    /// A loss or gradient that is not finite, with the rows that it came from: the weights are then those before the step.
    pub fn next_step(&mut self) -> Result<Option<StepRecord>> {
        if self.step >= self.schedule.total_steps {
            return Ok(None);
        }
        self.optimizer.zero_grad();
        let batches = self.step_rows();
        let weight =
            |rows: &Vec<usize>| self.objective.weight(&Batch { split: Split::Train, all: &self.train, indices: rows });
        let weights: Vec<f64> = batches.iter().map(weight).collect();
        let weight_of_all: f64 = weights.iter().sum();
        let (mut loss, mut tokens, mut metrics) = (0.0, 0, Vec::with_capacity(batches.len()));
        for (index, (rows, weight)) in batches.iter().zip(weights).enumerate() {
            let share = weight / weight_of_all;
            if !self.training().disable_dropout {
                tch::manual_seed(dropout_seed(self.training().seed, self.step, index as u64));
            }
            let batch = Batch { split: Split::Train, all: &self.train, indices: rows };
            let outcome = self.objective.batch(&batch, Some(share))?;
            self.finite("loss", outcome.loss(), rows)?;
            loss += share * outcome.loss();
            tokens += outcome.tokens;
            metrics.push(outcome.metrics.values());
        }
        let mut metrics = Metrics::mean(&metrics);
        if let Some(penalty) = self.objective.penalise_weights()? {
            loss += penalty;
            metrics.set("weight_distance", penalty);
        }
        let rows = batches.concat();
        self.finite("loss", loss, &rows)?;
        let clip = self.training().max_grad_norm;
        let weights = self.policy().parameters().iter().map(|(_, weight)| weight);
        let grad_norm = clip_grad_norm(weights, (clip > 0.0).then_some(clip))?;
        self.finite("grad_norm", grad_norm, &rows)?;
        let learning_rate = self.schedule.at(self.step);
        self.optimizer.step(learning_rate)?;
        self.step += 1;
        self.objective.after_step(self.step)?;
        self.num_tokens += tokens;
        let (num_tokens, epoch, step) = (self.num_tokens, self.epoch(), self.step);
        let record = StepRecord { loss, grad_norm, learning_rate, num_tokens, metrics, epoch, step };
        let logging_steps = self.training().logging_steps;
        self.history.push_step(record.clone(), logging_steps);
        Ok(Some(record))
    }

    /// The rows of the next step's micro-batches.
    fn step_rows(&mut self) -> Vec<Vec<usize>> {
        let (epoch, index) = (self.step / self.steps_per_epoch(), self.step % self.steps_per_epoch());
        if self.order.0 != epoch {
            let rows = self.train.len();
            let order = match self.training().train_sampling_strategy {
                SamplingStrategy::Random => epoch_order(rows, self.training().seed, epoch),
                SamplingStrategy::Sequential => (0..rows).collect(),
                SamplingStrategy::GroupByLength => {
                    let (seed, batch) = (self.training().seed, self.training().per_device_train_batch_size);
                    let length = |row: usize| self.train.get(row).map_or(0, Row::tokens);
                    grouped_by_length(&epoch_order(rows, seed, epoch), length, batch, (seed, epoch))
                }
            };
            self.order = (epoch, order);
        }
        let batch = self.training().per_device_train_batch_size;
        let window = batch.saturating_mul(self.training().gradient_accumulation_steps);
        let start = (index as usize).saturating_mul(window);
        let rows = self.order.1.iter().copied().skip(start).take(window).collect::<Vec<_>>();
        rows.chunks(batch).map(<[usize]>::to_vec).collect()
    }

    /// Refuses a number that came from the training rows `indices` unless it is finite.
    fn finite(&self, what: &'static str, value: f64, indices: &[usize]) -> Result<()> {
        if value.is_finite() {
            return Ok(());
        }
        let mut rows: Vec<usize> = indices.iter().filter_map(|i| self.train.get(*i)).map(|row| row.row() + 1).collect();
        rows.sort_unstable();
        Err(Error::NotFinite { step: self.step + 1, what, value, rows })
    }
}

impl<O: Objective> Iterator for Trainer<O> {
    type Item = Result<StepRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_step().transpose()
    }
}

/// Refuses a run that would not fit beside the models, which are loaded by now.
fn check_memory<O: Objective>(objective: &O, train: &[O::Row]) -> Result<()> {
    let (policy, config) = (objective.policy(), objective.config());
    let estimate = MemoryEstimate::of(policy, None, train, config);
    let available = available_memory(device(policy));
    tracing::info!(bytes = estimate.beside_models(), ?available, "the run needs about {estimate}");
    match available {
        Some(available) if !config.training().skip_memory_check => estimate.check(available, config),
        _ => Ok(()),
    }
}

/// Gives every weight a gradient of zeros, so that backward passes can add to it in place.
fn zero_gradients(weights: &Parameters) -> Result<()> {
    for (_, weight) in weights.iter() {
        weight.f_mul_scalar(0.0)?.f_sum(weight.kind())?.f_backward()?;
        // 0 · ∞ is NaN: a damaged weight must not hide in a gradient.
        let _ = weight.grad().f_zero_()?;
    }
    Ok(())
}
