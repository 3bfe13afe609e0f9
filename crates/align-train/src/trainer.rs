use crate::batch_metrics::RowValues;
use crate::distributed::{
    CombinedOutput, GradientExchange, check_same_inputs, check_same_rows, check_same_weights, exchange_outputs,
    share_weights,
};
use crate::log_files::LogFiles;
use crate::log_history::LogHistory;
use crate::memory::check_memory;
use crate::model_info::frozen_digest;
use crate::objective::{Batch, Objective, Split};
use crate::rows_digest::rows_digest;
use crate::run_identity::RunIdentity;
use crate::sampler::{EpochOrder, dropout_seed};
use crate::training_rows::LoadedRows;
use crate::{AdamW, Error, LrSchedule, Metrics, Result, Rows, RunConfig, StepRecord, TrainingConfig, clip_grad_norm};
use align_distributed::ProcessGroup;
use align_models::TrainableModel;
use std::path::Path;
use tch::Tensor;

/// Steps after which processes check that they still have the same weights.
const STEPS_BETWEEN_WEIGHT_CHECKS: u64 = 100;

/// Trains a policy on rows of data with an [`Objective`].
///
/// The trainer is an iterator over optimiser steps. [`Trainer::train`] runs all steps with observers.
///
/// Training is deterministic: it depends only on the weights, the rows, the options and the environment. A run that was stopped and
/// resumed gives the same bytes as an uninterrupted one.
#[derive(Debug)]
pub struct Trainer<O: Objective> {
    pub(crate) objective: O,
    pub(crate) optimizer: AdamW,
    /// The optimiser's state of all processes, in rank 0 while a checkpoint is written.
    pub(crate) gathered_state: Option<Vec<(String, Tensor)>>,
    pub(crate) train: Rows<O::Row>,
    pub(crate) eval: Vec<O::Row>,
    pub(crate) step: u64,
    pub(crate) num_tokens: u64,
    pub(crate) history: LogHistory,
    pub(crate) log_files: LogFiles,
    /// Digest of the frozen base weights, if the policy has an adapter.
    pub(crate) frozen_digest: Option<String>,
    /// Whether the values of single rows are collected, of which trackers show histograms. The same in all processes.
    pub(crate) collects_row_values: bool,
    /// Those of the last evaluation.
    pub(crate) eval_row_values: RowValues,
    /// Whether an observer has finished the run before its last step.
    pub(crate) finished_early: bool,
    /// Metrics that an observer adds to those of each step.
    step_metrics: Metrics,
    /// The sums of the gradients over the processes, if there are several.
    gradients: Option<GradientExchange>,
    /// The processes that train together.
    pub(crate) group: ProcessGroup,
    pub(crate) schedule: LrSchedule,
    /// The current epoch and its order of rows.
    order: (u64, EpochOrder),
}

impl<O: Objective> Trainer<O> {
    /// Creates a trainer for any objective, at step 0.
    ///
    /// # Errors
    /// Invalid options, no rows, or rows that the objective cannot process.
    pub fn from_objective(objective: O, train: impl Into<Rows<O::Row>>) -> Result<Self> {
        Self::in_group(objective, train, ProcessGroup::single())
    }

    /// Creates a trainer in each process of a group, at step 0. All have the same weights, options and rows. Each computes its part of every
    /// batch; the gradients are added up, so that all take the same steps, and those of one process with the whole batch to rounding.
    ///
    /// A batch has [`TrainingConfig::train_batch_size`] rows: set `num_processes` to make it larger with more processes.
    ///
    /// # Errors
    /// Those of [`Trainer::from_objective`], processes that differ in what they train, or a process that failed.
    pub fn in_group(mut objective: O, train: impl Into<Rows<O::Row>>, group: ProcessGroup) -> Result<Self> {
        let train = train.into();
        objective.config().validate()?;
        if train.is_empty() {
            return Err(Error::Data("there are no training rows".into()));
        }
        let config = objective.config().training().clone();
        objective
            .policy_mut()
            .set_gradient_checkpointing(config.gradient_checkpointing)
            .map_err(|e| Error::Config { option: "gradient_checkpointing", reason: format!("cannot be used: {e}") })?;
        check_same_rows(&group, "the training rows", train.len(), || train.digest())?;
        match &train {
            Rows::Memory(rows) => objective.prepare(Split::Train, rows, &group)?,
            Rows::Source(source) => {
                objective.config().check_streaming()?;
                objective.prepare_streaming(source.statistics(), &group)?;
            }
        }
        let policy = objective.policy_mut();
        policy.parameters().set_requires_grad(true);
        policy.set_training(!config.disable_dropout);
        check_memory(&objective, &train)?;
        let policy = objective.policy();
        check_zero_stage(&config, &group)?;
        let optimizer = AdamW::in_group(policy.parameters().iter(), config.adamw(), config.zero_stage, &group)?;
        let gradients = GradientExchange::new(&group, policy.parameters().iter().map(|(_, weight)| weight))?;
        let frozen_digest = frozen_digest(policy)?;
        let total_steps = config.total_steps(train.len());
        let schedule = LrSchedule {
            kind: config.lr_scheduler_type,
            learning_rate: config.learning_rate,
            warmup_steps: config.num_warmup_steps(total_steps),
            total_steps,
        };
        let trainer = Self {
            objective,
            optimizer,
            gathered_state: None,
            gradients,
            train,
            eval: Vec::new(),
            step: 0,
            num_tokens: 0,
            history: LogHistory::default(),
            log_files: LogFiles::default(),
            frozen_digest,
            collects_row_values: false,
            eval_row_values: RowValues::new(),
            finished_early: false,
            step_metrics: Metrics::default(),
            group,
            schedule,
            order: (u64::MAX, EpochOrder::Sequential),
        };
        if !trainer.group.is_single() {
            let (digest, weights) = (trainer.frozen_digest.as_ref(), trainer.policy().parameters().iter());
            let identity = RunIdentity::of(&trainer.objective, digest, &trainer.train, &trainer.eval)?;
            check_same_inputs(&trainer.group, trainer.config(), &identity, weights)?;
        }
        Ok(trainer)
    }

    /// Gives all processes what rank 0 has loaded: the step of the best checkpoint, and its weights.
    pub(crate) fn share_best_weights(&self, best_step: Option<u64>) -> Result<Option<u64>> {
        let best_step = self.group.result_of_rank_0(|| Ok::<_, Error>(best_step))?;
        if best_step.is_some() {
            share_weights(&self.group, self.policy().parameters().iter().map(|(_, weight)| weight))?;
        }
        Ok(best_step)
    }

    /// Checks that all processes have the same weights.
    pub(crate) fn check_same_weights(&self) -> Result<()> {
        check_same_weights(&self.group, self.policy().parameters().iter())
    }

    /// Adds held-out rows for [`Trainer::evaluate`].
    ///
    /// # Errors
    /// No rows, or rows that the objective cannot process.
    pub fn with_evaluation(mut self, eval: Vec<O::Row>) -> Result<Self> {
        if eval.is_empty() {
            return Err(Error::Data("there are no evaluation rows".into()));
        }
        check_same_rows(&self.group, "the evaluation rows", eval.len(), || rows_digest(&eval))?;
        self.objective.prepare(Split::Eval, &eval, &self.group)?;
        self.eval = eval;
        Ok(self)
    }

    /// The policy with its current weights.
    pub fn policy(&self) -> &O::Model {
        self.objective.policy()
    }

    /// Returns the policy, with gradients, dropout and gradient checkpointing switched off.
    pub fn into_policy(self) -> O::Model {
        let mut policy = self.objective.into_policy();
        policy.set_training(false);
        // Only switching it on can fail.
        let _ = policy.set_gradient_checkpointing(false);
        policy.parameters().set_requires_grad(false);
        policy
    }

    /// The objective.
    pub fn objective(&self) -> &O {
        &self.objective
    }

    /// Mutable access to the objective, such as to change its beta between two steps. Its options stay those of the run.
    pub fn objective_mut(&mut self) -> &mut O {
        &mut self.objective
    }

    /// Sets metrics that the records of all later steps have besides their own, such as the mean reward of the texts that the policy wrote
    /// last. They are not part of a checkpoint.
    pub fn set_step_metrics(&mut self, metrics: Metrics) {
        self.step_metrics = metrics;
    }

    /// Removes the lines of a log file ([`Observer::log_file`](crate::Observer::log_file)) that were written after the checkpoint from which
    /// this run is resumed. Creates the file if it does not exist.
    ///
    /// # Errors
    /// A file that has changed since the checkpoint was written, or file system errors.
    pub fn truncate_log_file(&self, path: &Path) -> Result<()> {
        self.log_files.truncate_to_checkpoint(path)
    }

    /// The options of the run.
    pub fn config(&self) -> &O::Config {
        self.objective.config()
    }

    pub(crate) fn training(&self) -> &TrainingConfig {
        self.objective.config().training()
    }

    /// Runs one optimiser step. Returns `None` after the last step.
    ///
    /// # Errors
    /// A loss or gradient that is not finite. The error names the rows of the step, and the weights are not updated.
    pub fn next_step(&mut self) -> Result<Option<StepRecord>> {
        if self.step >= self.schedule.total_steps {
            return Ok(None);
        }
        // Those of a step that failed.
        self.optimizer.clear_gradients()?;
        let batches = self.next_batches();
        let CombinedOutput { mut loss, tokens, mut metrics, row_values } = self.accumulate_gradients(&batches)?;
        if let Some(penalty) = self.objective.penalise_weights()? {
            loss += penalty;
            metrics.set("weight_distance", penalty);
        }
        let indices = batches.concat();
        self.check_finite("loss", loss, &indices)?;
        let max_norm = self.training().max_grad_norm;
        let weights = self.policy().parameters().iter().map(|(_, weight)| weight);
        let grad_norm = clip_grad_norm(weights, (max_norm > 0.0).then_some(max_norm))?;
        self.check_finite("grad_norm", grad_norm, &indices)?;
        let learning_rate = self.schedule.at(self.step);
        self.optimizer.step(learning_rate)?;
        self.optimizer.exchange_weights(&self.group)?;
        self.step += 1;
        self.objective.after_step(self.step)?;
        if self.step.is_multiple_of(STEPS_BETWEEN_WEIGHT_CHECKS) {
            self.check_same_weights()?;
        }
        self.num_tokens += tokens;
        self.step_metrics.iter().for_each(|(name, value)| metrics.set(name.to_owned(), value));
        let (num_tokens, epoch, step) = (self.num_tokens, self.epoch(), self.step);
        let record = StepRecord { loss, grad_norm, learning_rate, num_tokens, metrics, epoch, step };
        let logging_steps = self.training().logging_steps;
        self.history.push_step(record.clone(), row_values, logging_steps);
        Ok(Some(record))
    }

    /// Computes the gradient of a step's batches in all processes. Returns their mean loss and metrics, and their tokens.
    fn accumulate_gradients(&mut self, batches: &[Vec<usize>]) -> Result<CombinedOutput> {
        let loaded = batches.iter().map(|indices| self.train.load(indices, &self.group)).collect::<Result<Vec<_>>>()?;
        let batch_weight =
            |rows: &LoadedRows<'_, O::Row>| self.objective.batch_weight(&rows.batch(Split::Train, &self.group));
        let weights: Vec<f64> = loaded.iter().map(batch_weight).collect();
        let total_weight: f64 = weights.iter().sum();
        let scales: Vec<f64> = weights.iter().map(|weight| weight / total_weight).collect();
        let mut outputs = Vec::with_capacity(batches.len());
        if let Some(gradients) = &self.gradients {
            gradients.begin_step();
        }
        for (number, (rows, scale)) in loaded.iter().zip(&scales).enumerate() {
            if !self.training().disable_dropout {
                let batch = (self.step, number as u64, self.group.rank() as u64);
                tch::manual_seed(dropout_seed(self.training().seed, batch));
            }
            // Gradients that accumulate over several batches are sent once.
            let exchange = self.gradients.as_ref().filter(|_| number + 1 == batches.len());
            let batch = Batch { exchange, ..rows.batch(Split::Train, &self.group) };
            outputs.push(
                self.objective.compute_shared_loss(&batch, Some(*scale))?.with_row_values(self.collects_row_values),
            );
        }
        let (mut loss, mut tokens, mut row_values) = (0.0, 0, RowValues::new());
        let mut metrics = Vec::with_capacity(batches.len());
        let outputs = exchange_outputs(&self.group, outputs)?;
        for ((indices, scale), outputs) in batches.iter().zip(scales).zip(outputs) {
            let mut output = CombinedOutput::of(&outputs)?;
            self.check_finite("loss", output.loss, indices)?;
            self.objective.finish_batch(&mut output.metrics);
            loss += scale * output.loss;
            tokens += output.tokens;
            metrics.push(output.metrics);
            output.row_values.into_iter().for_each(|(name, values)| row_values.entry(name).or_default().extend(values));
        }
        if let Some(gradients) = &self.gradients {
            gradients.finish_step(&self.group)?;
        }
        Ok(CombinedOutput { loss, metrics: Metrics::mean(&metrics), tokens, row_values })
    }

    /// The row indices of the batches of the next step.
    pub(crate) fn next_batches(&mut self) -> Vec<Vec<usize>> {
        let (epoch, index) = (self.step / self.steps_per_epoch(), self.step % self.steps_per_epoch());
        if self.order.0 != epoch {
            self.order = (epoch, EpochOrder::of(&self.train, self.training(), epoch));
        }
        let batch = self.training().train_batch_size();
        let rows_per_step = batch.saturating_mul(self.training().gradient_accumulation_steps);
        let start = (index as usize).saturating_mul(rows_per_step);
        let rows = self.order.1.rows(start..start.saturating_add(rows_per_step).min(self.train.len()));
        rows.chunks(batch).map(<[usize]>::to_vec).collect()
    }

    /// Returns an error that names the training rows `indices` unless `value` is finite.
    fn check_finite(&self, what: &'static str, value: f64, indices: &[usize]) -> Result<()> {
        if value.is_finite() {
            return Ok(());
        }
        let mut rows = self.train.numbers(indices);
        rows.sort_unstable();
        Err(Error::NotFinite { step: self.step + 1, what, value, rows })
    }
}

/// Rejects sharing the optimiser's state among processes if there is one.
fn check_zero_stage(config: &TrainingConfig, group: &ProcessGroup) -> Result<()> {
    if config.zero_stage > 0 && group.is_single() {
        let reason = "is 1, which shares out the optimiser's state among processes, but there is one: set it to 0, or start several";
        return Err(Error::Config { option: "zero_stage", reason: reason.into() });
    }
    Ok(())
}
