//! What a run would do: its rows, steps, memory and time, without training.

use super::{Run, RunObjective};
use crate::memory::available_memory;
use crate::model_info::device;
use crate::objective::Row;
use crate::{Error, IntervalStrategy, MemoryEstimate, Result, RunConfig, RunFolder, Trainer};
use align_data::EncodeReport;
use align_models::TrainableModel;
use std::time::Duration;

/// What a run would do; see [`Run::dry_run`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct DryRun {
    /// The names of the training methods, such as `DPO`.
    pub methods: Vec<&'static str>,
    /// The training rows.
    pub train: RowCounts,
    /// The held-out rows, if there are any.
    pub eval: Option<RowCounts>,
    /// Weights of the policy, including those that are not trained.
    pub parameters: usize,
    /// Weights that are trained.
    pub trained_parameters: usize,
    /// The peak learning rate.
    pub learning_rate: f64,
    /// Training rows per optimiser step.
    pub rows_per_step: usize,
    /// Optimiser steps per epoch.
    pub steps_per_epoch: u64,
    /// Optimiser steps of the run.
    pub total_steps: u64,
    /// The estimated memory, in addition to the models.
    pub memory: MemoryEstimate,
    /// The memory that is available with the models loaded, in bytes, if the system reports it.
    pub available_memory: Option<u64>,
    /// The estimated time of all steps, extrapolated from the loss of one batch and its gradient.
    pub training_time: Duration,
    /// The estimated time of all evaluations, likewise.
    pub evaluation_time: Duration,
}

/// The rows of a dataset after tokenisation.
#[derive(Debug, Clone, PartialEq)]
pub struct RowCounts {
    /// Rows that are left.
    pub rows: usize,
    /// Tokens in their sequences, including prompts. A pair has two sequences.
    pub tokens: u64,
    /// Tokens of the longest sequence.
    pub longest: usize,
    /// Which rows were changed or omitted, if the encoding reports it.
    pub report: Option<EncodeReport>,
}

impl RowCounts {
    fn of<R: Row>(rows: &[R], report: Option<&EncodeReport>) -> Self {
        Self {
            rows: rows.len(),
            tokens: rows.iter().map(sequence_tokens).sum(),
            longest: rows.iter().map(Row::max_sequence_tokens).max().unwrap_or(0),
            report: report.cloned(),
        }
    }
}

/// The tokens of all sequences of a row.
fn sequence_tokens(row: &impl Row) -> u64 {
    row.completions().iter().map(|(_, ids)| (row.prompt_ids().len() + ids.len()) as u64).sum()
}

impl<O: RunObjective> Run<O> {
    /// Checks everything that [`Run::train`] would check, loads the models, tokenises the examples, and estimates memory and time. No step
    /// is done, and nothing is written to the output folder.
    ///
    /// # Errors
    /// Those of [`Run::prepare`], or a run that is resumed.
    pub fn dry_run(mut self) -> Result<DryRun> {
        if self.resume.is_some() {
            let reason = "has no effect in a dry run: remove it".to_owned();
            return Err(Error::Config { option: "resume", reason });
        }
        if self.rounds.is_some() {
            let reason =
                "needs rows, but the policy writes them during the run: leave it out, and try one round instead"
                    .to_owned();
            return Err(Error::Config { option: "dry_run", reason });
        }
        if self.train.stream.is_some() {
            let reason = "writes a cache of token ids, which a dry run would not: remove it".to_owned();
            return Err(Error::Config { option: "streaming", reason });
        }
        RunFolder::check_new(&self.check()?)?;
        let scratch =
            tempfile::tempdir().map_err(|e| Error::Data(format!("no temporary folder can be created: {e}")))?;
        self.output_dir = Some(scratch.path().to_owned());
        self.config = self.config.without_precomputation();
        let mut run = self.prepare()?;
        let available_memory = available_memory(device(run.trainer.policy()));
        let (training_time, evaluation_time) = run.trainer.estimate_times()?;
        let policy = run.trainer.policy();
        let frozen = policy.frozen_parameters().map_or(0, align_models::Parameters::numel);
        let trained_parameters = policy.parameters().numel();
        let config = run.trainer.config();
        let training = config.training();
        Ok(DryRun {
            methods: config.methods().iter().map(|method| method.name).collect(),
            learning_rate: training.learning_rate,
            rows_per_step: training.train_batch_size() * training.gradient_accumulation_steps,
            train: RowCounts::of(run.trainer.train.in_memory(), run.train_report.as_ref()),
            eval: run.names.eval_data.is_some().then(|| RowCounts::of(&run.trainer.eval, run.eval_report.as_ref())),
            parameters: frozen + trained_parameters,
            trained_parameters,
            steps_per_epoch: run.trainer.steps_per_epoch(),
            total_steps: run.trainer.total_steps(),
            memory: MemoryEstimate::of(policy, None, run.trainer.train.in_memory(), config),
            available_memory,
            training_time,
            evaluation_time,
        })
    }
}

impl<O: RunObjective> Trainer<O> {
    /// The estimated time of all steps and of all evaluations.
    fn estimate_times(&mut self) -> Result<(Duration, Duration)> {
        let epochs = self.total_steps() as f64 / self.steps_per_epoch() as f64;
        let tokens = |rows: &[O::Row]| rows.iter().map(sequence_tokens).sum::<u64>() as f64;
        let [first, later] = self.seconds_per_token()?;
        let epoch_tokens = tokens(self.train.in_memory());
        let training = epoch_tokens * (first * epochs.min(1.0) + later * (epochs - 1.0).max(0.0));
        let mut evaluation = 0.0;
        if !self.eval.is_empty() {
            let training = self.training();
            let during = match training.eval_strategy {
                IntervalStrategy::No => 0,
                IntervalStrategy::Steps => self.total_steps() / training.eval_steps.unwrap_or(1).max(1),
                IntervalStrategy::Epoch => epochs as u64,
            };
            // The trained model is evaluated once more.
            evaluation = self.seconds_per_eval_token()? * tokens(&self.eval) * (during + 1) as f64;
        }
        Ok((Duration::from_secs_f64(training), Duration::from_secs_f64(evaluation)))
    }
}
