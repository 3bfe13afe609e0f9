//! The time of a batch, for estimates before a run.

use crate::distributed::exchange_outputs;
use crate::objective::{Objective, Split};
use crate::training_rows::LoadedRows;
use crate::{Result, Trainer};
use std::time::Instant;

impl<O: Objective> Trainer<O> {
    /// The seconds per token of the loss and its gradient: in the first epoch, and in later ones, which reuse what the objective has
    /// remembered of the reference model. The gradients are left over, so the trainer must not be used for steps afterwards.
    pub(crate) fn seconds_per_token(&mut self) -> Result<[f64; 2]> {
        let [first, second] = [0, 1].map(|step| {
            self.step = step;
            self.next_batches().into_iter().next().unwrap_or_default()
        });
        self.step = 0;
        // The first computation also allocates memory and chooses kernels.
        self.batch_seconds(Split::Train, &first)?;
        Ok([self.batch_seconds(Split::Train, &second)?, self.batch_seconds(Split::Train, &second)?])
    }

    /// The seconds per token of the loss without a gradient.
    pub(crate) fn seconds_per_eval_token(&mut self) -> Result<f64> {
        let batches = self.evaluation_batches();
        let Some(first) = batches.first() else { return Ok(0.0) };
        self.in_evaluation_mode(|trainer| tch::no_grad(|| trainer.batch_seconds(Split::Eval, first)))
    }

    fn batch_seconds(&mut self, split: Split, indices: &[usize]) -> Result<f64> {
        let (rows, scale) = match split {
            Split::Train => (self.train.load(indices, &self.group)?, Some(1.0)),
            Split::Eval => (LoadedRows::of(&self.eval, indices, &self.group), None),
        };
        let started = Instant::now();
        let output = self.objective.compute_shared_loss(&rows.batch(split, &self.group), scale)?;
        let outputs = exchange_outputs(&self.group, vec![output])?.concat();
        let tokens: u64 = outputs.iter().map(|output| output.tokens).sum();
        Ok(started.elapsed().as_secs_f64() / tokens.max(1) as f64)
    }
}
