use crate::objective::Objective;
use crate::{EvaluationRecord, Flow, Observer, Result, StepRecord, Strategy, Trainer};
use std::path::Path;

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainSummary {
    /// Optimiser steps done, those before a resume included.
    pub steps: u64,
    /// Whether the run is over, by its last step or as an observer called it done; `false` when one stopped it on the way.
    pub finished: bool,
    /// The last step, also where it was before a resume.
    pub last_step: Option<StepRecord>,
    /// The last evaluation, likewise.
    pub last_evaluation: Option<EvaluationRecord>,
}

impl<O: Objective> Trainer<O> {
    /// Runs until the last step or until an observer stops it; evaluates as the options say, held-out rows given.
    ///
    /// # Errors
    /// The first error of a step, an evaluation or an observer.
    pub fn train(&mut self, observers: &mut [&mut dyn Observer<O>]) -> Result<TrainSummary> {
        self.line_files.open = observers.iter().filter_map(|o| o.line_file().map(Path::to_owned)).collect();
        if let Some(best) = self.training().best_metric() {
            self.history.evaluations.iter().try_for_each(|evaluation| best.require(evaluation))?;
        }
        let mut flow = Flow::Continue;
        for observer in observers.iter_mut() {
            flow = flow.or(observer.on_start(self)?);
        }
        while flow == Flow::Continue {
            let Some(record) = self.next_step()? else { break };
            let mut incomparable = None;
            if self.evaluation_is_due() {
                let evaluation = self.evaluate()?;
                incomparable = self.training().best_metric().and_then(|best| best.require(&evaluation).err());
                self.history.evaluations.push(evaluation.clone());
                // Observers may let the policy write: without dropout, as in the evaluation.
                flow = self.in_evaluation_mode(|trainer| {
                    observers
                        .iter_mut()
                        .try_fold(flow, |flow, observer| Ok(flow.or(observer.on_evaluation(trainer, &evaluation)?)))
                })?;
            }
            for observer in observers.iter_mut() {
                flow = flow.or(observer.on_step(self, &record)?);
            }
            if let Some(problem) = incomparable {
                observers.iter_mut().try_for_each(|observer| observer.on_failure(self))?;
                return Err(problem);
            }
        }
        self.done_early = flow == Flow::Finish;
        for observer in observers.iter_mut() {
            observer.on_end(self)?;
        }
        Ok(TrainSummary {
            steps: self.step(),
            finished: self.is_done(),
            last_step: self.history.last_step().cloned(),
            last_evaluation: self.history.evaluations.last().cloned(),
        })
    }

    fn evaluation_is_due(&self) -> bool {
        !self.eval.is_empty() && self.is_due(self.training().eval_strategy, self.training().eval_steps)
    }

    /// Whether a checkpoint is due after the step just done.
    pub(crate) fn saves_now(&self) -> bool {
        self.is_due(self.training().save_strategy, self.training().save_steps)
    }

    /// Whether something that happens every so often happens after the step just done.
    fn is_due(&self, strategy: Strategy, steps: Option<u64>) -> bool {
        match strategy {
            Strategy::No => false,
            Strategy::Steps => steps.is_some_and(|every| self.step.is_multiple_of(every)),
            Strategy::Epoch => self.step.is_multiple_of(self.steps_per_epoch()),
        }
    }
}
