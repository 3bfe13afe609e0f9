use crate::batch_metrics::joined;
use crate::objective::{Batch, BatchOutcome, Objective, Row, Split};
use crate::{BatchMetrics, Error, EvaluationRecord, Result, Trainer};
use align_models::TrainableModel;
use std::time::Instant;

impl<O: Objective> Trainer<O> {
    /// Loss and metrics of the held-out rows: each the mean over all the tokens, rows or pairs that it is a mean of, so that it does not
    /// depend on `per_device_eval_batch_size`. A loss that [couples rows](Objective::couples_rows) takes batches of
    /// `per_device_train_batch_size` instead, in the rows' order; one row that would be left over joins the last batch.
    ///
    /// # Errors
    /// When [`Trainer::with_evaluation`] gave no rows, or the loss is not finite (the error names the rows).
    pub fn evaluate(&mut self) -> Result<EvaluationRecord> {
        if self.eval.is_empty() {
            return Err(Error::Data("there are no evaluation rows: give some with with_evaluation".into()));
        }
        let started = Instant::now();
        let outcomes = self.in_evaluation_mode(|trainer| tch::no_grad(|| trainer.evaluate_batches()))?;
        let eval_loss = mean_loss(&outcomes)?;
        if !eval_loss.is_finite() {
            return Err(self.evaluation_not_finite(eval_loss, &outcomes));
        }
        let mut metrics = BatchMetrics::of_all(outcomes.iter().map(|outcome| &outcome.metrics))?;
        self.objective.finish_evaluation(eval_loss, &mut metrics);
        Ok(EvaluationRecord {
            eval_loss,
            metrics,
            eval_batch_size: self.objective.couples_rows().then(|| self.evaluation_batch_size()),
            eval_runtime: started.elapsed().as_secs_f64(),
            epoch: self.epoch(),
            step: self.step,
        })
    }

    /// The rows of each evaluation batch.
    pub(crate) fn evaluation_batches(&self) -> Vec<Vec<usize>> {
        let rows: Vec<usize> = (0..self.eval.len()).collect();
        let mut batches: Vec<Vec<usize>> = rows.chunks(self.evaluation_batch_size()).map(<[usize]>::to_vec).collect();
        if self.objective.couples_rows() && batches.len() > 1 && batches.last().is_some_and(|last| last.len() == 1) {
            let lone = batches.pop().unwrap_or_default();
            if let Some(last) = batches.last_mut() {
                last.extend(lone);
            }
        }
        batches
    }

    fn evaluation_batch_size(&self) -> usize {
        match self.objective.couples_rows() {
            true => self.training().per_device_train_batch_size,
            false => self.training().per_device_eval_batch_size,
        }
    }

    /// An evaluation whose loss is not finite, with the rows of the batches at fault.
    fn evaluation_not_finite(&self, value: f64, outcomes: &[BatchOutcome]) -> Error {
        let batches = self.evaluation_batches();
        let at_fault = batches.iter().zip(outcomes).filter(|(_, outcome)| !outcome.loss().is_finite());
        let rows = at_fault.flat_map(|(rows, _)| rows).filter_map(|place| self.eval.get(*place));
        Error::EvaluationNotFinite { step: self.step, value, rows: rows.map(|row| row.row() + 1).collect() }
    }

    fn evaluate_batches(&mut self) -> Result<Vec<BatchOutcome>> {
        let batches = self.evaluation_batches();
        let outcome =
            |indices: &Vec<usize>| self.objective.batch(&Batch { split: Split::Eval, all: &self.eval, indices }, None);
        batches.iter().map(outcome).collect()
    }

    /// Runs something with the policy's dropout off, and puts it back as it was.
    pub(crate) fn in_evaluation_mode<T>(&mut self, run: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.objective.policy_mut().set_training(false);
        let result = run(self);
        let dropout = !self.training().disable_dropout;
        self.objective.policy_mut().set_training(dropout);
        result
    }
}

/// The sum of what each term of the loss is on average over all batches.
fn mean_loss(outcomes: &[BatchOutcome]) -> Result<f64> {
    let terms = outcomes.iter().map(|outcome| outcome.losses.len()).max().unwrap_or(0);
    let term = |at: usize| {
        let means = outcomes.iter().filter_map(|outcome| outcome.losses.get(at).copied()).collect();
        Ok(joined("loss", means)?.value)
    };
    (0..terms).map(term).sum()
}
