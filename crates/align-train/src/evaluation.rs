use crate::objective::Objective;
use crate::{Error, EvaluationRecord, Metrics, Result, Trainer};
use align_models::TrainableModel;
use std::time::Instant;

impl<O: Objective> Trainer<O> {
    /// Loss and metrics of the held-out rows: the mean over batches, in which each counts by its rows, so that a last, smaller one
    /// weighs no more than its share.
    ///
    /// # Errors
    /// When [`Trainer::with_evaluation`] gave no rows.
    pub fn evaluate(&mut self) -> Result<EvaluationRecord> {
        if self.eval.is_empty() {
            return Err(Error::Data("there are no evaluation rows: give some with with_evaluation".into()));
        }
        let started = Instant::now();
        let batches = self.in_evaluation_mode(|trainer| tch::no_grad(|| trainer.evaluate_batches()))?;
        let loss: f64 = batches.iter().map(|(rows, outcome)| *rows as f64 * outcome.loss).sum();
        let eval_loss = loss / self.eval.len() as f64;
        let mut metrics =
            Metrics::weighted_mean(batches.iter().map(|(rows, outcome)| (*rows as f64, &outcome.metrics)));
        self.objective.finish_evaluation(eval_loss, &mut metrics);
        Ok(EvaluationRecord {
            eval_loss,
            metrics,
            eval_runtime: started.elapsed().as_secs_f64(),
            epoch: self.epoch(),
            step: self.step,
        })
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
