use crate::objective::{self, CompletionTokens};
use crate::{DpoTrainer, Error, EvaluationRecord, PairMetrics, Result};
use align_models::CausalLm;
use std::time::Instant;

impl<M: CausalLm> DpoTrainer<M> {
    /// Loss of the held-out pairs, the mean over pairs, and their metrics, each the mean over batch means: as TRL.
    ///
    /// # Errors
    /// When [`DpoTrainer::with_evaluation`] gave no pairs.
    pub fn evaluate(&mut self) -> Result<EvaluationRecord> {
        if self.eval.is_empty() {
            return Err(Error::Data("there are no evaluation pairs: give some with with_evaluation".into()));
        }
        let started = Instant::now();
        let (eval_loss, pairs) = self.in_evaluation_mode(|trainer| tch::no_grad(|| trainer.evaluate_batches()))?;
        let eval_runtime = started.elapsed().as_secs_f64();
        Ok(EvaluationRecord { eval_loss, pairs, eval_runtime, epoch: self.epoch(), step: self.step })
    }

    /// Runs something with the policy's dropout off, and puts it back as it was.
    pub(crate) fn in_evaluation_mode<T>(&mut self, run: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.policy.set_training(false);
        let result = run(self);
        self.policy.set_training(!self.config.disable_dropout);
        result
    }

    fn evaluate_batches(&mut self) -> Result<(f64, PairMetrics)> {
        let rows: Vec<usize> = (0..self.eval.len()).collect();
        let batches = rows.chunks(self.config.per_device_eval_batch_size);
        let (mut loss, mut metrics) = (0.0, Vec::with_capacity(batches.len()));
        for rows in batches {
            let batch = self.batch(&self.eval, rows)?;
            let tokens = CompletionTokens::of(&batch)?;
            let reference = self
                .eval_reference
                .of(rows, self.policy.device(), || objective::frozen_logps(&self.reference, &batch, &tokens))?;
            let forward = objective::forward(&self.policy, &batch, &tokens)?;
            let output = self.loss.evaluate(&forward.logps, &reference, Some(&tokens.counts()?))?;
            loss += output.losses.f_sum(tch::Kind::Double)?.f_double_value(&[])?;
            metrics.push(objective::pair_metrics(&forward, &output.rewards, &tokens)?);
        }
        Ok((loss / self.eval.len() as f64, PairMetrics::mean(metrics)))
    }
}
