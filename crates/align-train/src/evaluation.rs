use crate::distributed::{all_row_values, exchange_outputs, mean_loss};
use crate::objective::{BatchOutput, Objective, Row, Split};
use crate::training_rows::LoadedRows;
use crate::{BatchMetrics, Error, EvaluationRecord, Result, Trainer};
use align_base::Progress;
use align_models::TrainableModel;
use std::time::Instant;

impl<O: Objective> Trainer<O> {
    /// Computes the loss and the metrics on the held-out rows. Each is the mean over all tokens, rows or pairs, so it does not depend on
    /// `per_device_eval_batch_size`. An objective that [couples rows](Objective::mean_depends_on_batch_size) uses batches of
    /// training instead, in the order of the rows; a single remaining row joins the last batch.
    ///
    /// # Errors
    /// No held-out rows ([`Trainer::with_evaluation`]), or a loss that is not finite (the error names the rows).
    pub fn evaluate(&mut self) -> Result<EvaluationRecord> {
        if self.eval.is_empty() {
            return Err(Error::Data("there are no evaluation rows: add them with with_evaluation".into()));
        }
        let started = Instant::now();
        let own = self.in_evaluation_mode(|trainer| tch::no_grad(|| trainer.evaluate_batches()))?;
        let batches = exchange_outputs(&self.group, own)?;
        let outputs = batches.concat();
        let eval_loss = mean_loss(&outputs)?;
        if !eval_loss.is_finite() {
            return Err(self.evaluation_not_finite(eval_loss, &batches));
        }
        let mut metrics = BatchMetrics::mean(outputs.iter().map(|output| &output.metrics))?;
        self.objective.finish_evaluation(eval_loss, &mut metrics);
        self.eval_row_values = all_row_values(&outputs);
        Ok(EvaluationRecord {
            eval_loss,
            metrics,
            eval_batch_size: self.objective.mean_depends_on_batch_size().then(|| self.evaluation_batch_size()),
            eval_runtime: started.elapsed().as_secs_f64(),
            epoch: self.epoch(),
            step: self.step,
        })
    }

    /// The row indices of each evaluation batch.
    pub(crate) fn evaluation_batches(&self) -> Vec<Vec<usize>> {
        let rows: Vec<usize> = (0..self.eval.len()).collect();
        let mut batches: Vec<Vec<usize>> = rows.chunks(self.evaluation_batch_size()).map(<[usize]>::to_vec).collect();
        if self.objective.mean_depends_on_batch_size()
            && batches.len() > 1
            && batches.last().is_some_and(|last| last.len() == 1)
        {
            let single_row = batches.pop().unwrap_or_default();
            if let Some(last) = batches.last_mut() {
                last.extend(single_row);
            }
        }
        batches
    }

    fn evaluation_batch_size(&self) -> usize {
        match self.objective.mean_depends_on_batch_size() {
            true => self.training().train_batch_size(),
            false => self.training().eval_batch_size(),
        }
    }

    /// The error for a loss that is not finite, with the rows of the batches in which it occurred. `outputs` are those of all processes for
    /// each batch.
    fn evaluation_not_finite(&self, value: f64, outputs: &[Vec<BatchOutput>]) -> Error {
        let batches = self.evaluation_batches();
        let is_not_finite = |outputs: &[BatchOutput]| outputs.iter().any(|output| !output.loss().is_finite());
        let not_finite = batches.iter().zip(outputs).filter(|(_, outputs)| is_not_finite(outputs));
        let rows = not_finite.flat_map(|(indices, _)| indices).filter_map(|index| self.eval.get(*index));
        Error::EvaluationNotFinite { step: self.step, value, rows: rows.map(|row| row.index() + 1).collect() }
    }

    fn evaluate_batches(&mut self) -> Result<Vec<BatchOutput>> {
        let batches = self.evaluation_batches();
        let mut progress = Progress::begin("evaluating", "rows", self.eval.len());
        let output = |indices: &Vec<usize>| {
            let rows = LoadedRows::of(&self.eval, indices, &self.group);
            let output = self.objective.compute_shared_loss(&rows.batch(Split::Eval, &self.group), None)?;
            let output = output.with_row_values(self.collects_row_values);
            progress.advance(indices.len());
            Ok(output)
        };
        batches.iter().map(output).collect()
    }

    /// Calls `run` with the policy's dropout switched off, and restores it afterwards.
    pub(crate) fn in_evaluation_mode<T>(&mut self, run: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.objective.policy_mut().set_training(false);
        let result = run(self);
        let dropout = !self.training().disable_dropout;
        self.objective.policy_mut().set_training(dropout);
        result
    }
}
