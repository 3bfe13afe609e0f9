use super::Observer;
use crate::objective::Objective;
use crate::{EvaluationRecord, Flow, Result, Trainer};

/// Finishes the run after `early_stopping_patience` consecutive evaluations that did not improve on the best value by more than
/// `early_stopping_threshold`, like transformers' `EarlyStoppingCallback`. Does nothing without `early_stopping_patience`.
///
/// It has no state of its own: the count is computed from the run's evaluations, which are part of a checkpoint.
#[derive(Debug, Clone, Copy, Default)]
pub struct EarlyStopping;

impl EarlyStopping {
    fn flow<O: Objective>(trainer: &Trainer<O>) -> Flow {
        let config = trainer.training();
        let Some((patience, metric)) = config.early_stopping_patience.zip(config.best_metric()) else {
            return Flow::Continue;
        };
        let count = metric.evaluations_without_improvement(trainer.evaluations(), config.early_stopping_threshold);
        if count < patience {
            return Flow::Continue;
        }
        tracing::info!(
            step = trainer.step(),
            metric = metric.name,
            evaluations = count,
            "early stopping: no improvement"
        );
        Flow::Finish
    }
}

impl<O: Objective> Observer<O> for EarlyStopping {
    /// A resumed run may already have run out of patience at its last checkpoint.
    fn on_start(&mut self, trainer: &Trainer<O>) -> Result<Flow> {
        Ok(Self::flow(trainer))
    }

    fn on_evaluation(&mut self, trainer: &Trainer<O>, _: &EvaluationRecord) -> Result<Flow> {
        Ok(Self::flow(trainer))
    }
}
