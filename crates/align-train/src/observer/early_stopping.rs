use super::{Flow, Observer};
use crate::objective::Objective;
use crate::{EvaluationRecord, Result, Trainer};

/// Calls the run done once `early_stopping_patience` evaluations in a row were not better than the best before them by more than
/// `early_stopping_threshold`, as transformers' `EarlyStoppingCallback`; without that option it does nothing.
///
/// What it counts follows from the run's evaluations, which are part of a checkpoint.
#[derive(Debug, Clone, Copy, Default)]
pub struct EarlyStopping;

impl EarlyStopping {
    fn flow<O: Objective>(trainer: &Trainer<O>) -> Flow {
        let config = trainer.training();
        let Some((patience, metric)) = config.early_stopping_patience.zip(config.best_metric()) else {
            return Flow::Continue;
        };
        let count = metric.without_improvement(trainer.evaluations(), config.early_stopping_threshold);
        if count < patience {
            return Flow::Continue;
        }
        tracing::info!(
            step = trainer.step(),
            metric = metric.name,
            evaluations = count,
            "no improvement: the run is done"
        );
        Flow::Finish
    }
}

impl<O: Objective> Observer<O> for EarlyStopping {
    /// The run may have been done when its last checkpoint was written.
    fn on_start(&mut self, trainer: &Trainer<O>) -> Result<Flow> {
        Ok(Self::flow(trainer))
    }

    fn on_evaluation(&mut self, trainer: &Trainer<O>, _: &EvaluationRecord) -> Result<Flow> {
        Ok(Self::flow(trainer))
    }
}
