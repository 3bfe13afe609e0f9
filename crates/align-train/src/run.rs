use crate::objective::Objective;
use crate::{EvaluationRecord, Flow, Observer, Result, StepRecord, Strategy, Trainer};

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainSummary {
    /// Optimiser steps done, those before a resume included.
    pub steps: u64,
    /// Whether every step of the run was done; `false` when an observer stopped it.
    pub finished: bool,
    /// The last step.
    pub last_step: Option<StepRecord>,
    /// The last evaluation.
    pub last_evaluation: Option<EvaluationRecord>,
}

impl<O: Objective> Trainer<O> {
    /// Runs until the last step or until an observer stops it; evaluates as the options say, held-out rows given.
    ///
    /// # Errors
    /// The first error of a step, an evaluation or an observer.
    pub fn train(&mut self, observers: &mut [&mut dyn Observer<O>]) -> Result<TrainSummary> {
        let mut summary = TrainSummary { steps: self.step(), finished: false, last_step: None, last_evaluation: None };
        loop {
            let Some(record) = self.next_step()? else {
                summary.finished = true;
                break;
            };
            summary.steps = record.step;
            summary.last_step = Some(record.clone());
            let mut flow = Flow::Continue;
            if self.evaluation_is_due() {
                let evaluation = self.evaluate()?;
                summary.last_evaluation = Some(evaluation.clone());
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
            if flow == Flow::Stop {
                summary.finished = self.step() >= self.total_steps();
                break;
            }
        }
        for observer in observers.iter_mut() {
            observer.on_end(self)?;
        }
        Ok(summary)
    }

    fn evaluation_is_due(&self) -> bool {
        !self.eval.is_empty() && self.is_due(self.training().eval_strategy, self.training().eval_steps)
    }

    /// Whether something that happens every so often happens after the step just done.
    pub(crate) fn is_due(&self, strategy: Strategy, steps: Option<u64>) -> bool {
        match strategy {
            Strategy::No => false,
            Strategy::Steps => steps.is_some_and(|every| self.step.is_multiple_of(every)),
            Strategy::Epoch => self.step.is_multiple_of(self.steps_per_epoch()),
        }
    }
}
