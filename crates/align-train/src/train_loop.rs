use crate::distributed::agree_on_flow;
use crate::objective::Objective;
use crate::{EvaluationRecord, Flow, IntervalStrategy, Observer, Result, StepMean, StepRecord, Trainer};
use align_base::Progress;
use std::path::Path;

/// The result of [`Trainer::train`].
#[derive(Debug, Clone, PartialEq)]
pub struct TrainSummary {
    /// Completed optimiser steps, including those before a resume.
    pub steps: u64,
    /// Whether the run is finished. `false` if an observer stopped it and it can be resumed.
    pub finished: bool,
    /// The last step, even if it was before a resume.
    pub last_step: Option<StepRecord>,
    /// The mean of the last `logging_steps` steps: the last line of the metrics file if the run is finished.
    pub last_mean: Option<StepMean>,
    /// The last evaluation, even if it was before a resume.
    pub last_evaluation: Option<EvaluationRecord>,
}

impl<O: Objective> Trainer<O> {
    /// Trains until the last step, or until an observer stops or finishes the run. If there are held-out rows, evaluates on them according
    /// to `eval_strategy`.
    ///
    /// # Errors
    /// The first error of a step, an evaluation or an observer.
    pub fn train(&mut self, observers: &mut [&mut dyn Observer<O>]) -> Result<TrainSummary> {
        self.log_files.open = observers.iter().filter_map(|o| o.log_file().map(Path::to_owned)).collect();
        if let Some(metric) = self.training().best_metric() {
            self.history.evaluations.iter().try_for_each(|evaluation| metric.check_present(evaluation))?;
        }
        // Observers may generate texts with the policy, which needs dropout to be off.
        let started = self.in_evaluation_mode(|trainer| {
            observers
                .iter_mut()
                .try_fold(Flow::Continue, |flow, observer| Ok(flow.combine(observer.on_start(trainer)?)))
        });
        let started = started.and_then(|flow| self.before_step(flow, observers));
        let mut flow = agree_on_flow(&self.group, started)?;
        let mut progress = Progress::resume_logged("training", "steps", self.step(), self.total_steps());
        while flow == Flow::Continue {
            let Some(record) = self.next_step()? else { break };
            progress.set_done(record.step);
            progress.set_message(|| short_status(&record));
            let (mut missing_metric, mut observed) = (None, Ok(flow));
            if self.evaluation_is_due() {
                let evaluation = self.evaluate()?;
                missing_metric = self.training().best_metric().and_then(|best| best.check_present(&evaluation).err());
                self.history.evaluations.push(evaluation.clone());
                observed = self.in_evaluation_mode(|trainer| {
                    observers.iter_mut().try_fold(flow, |flow, observer| {
                        Ok(flow.combine(observer.on_evaluation(trainer, &evaluation)?))
                    })
                });
            }
            if self.checkpoint_is_due() {
                self.gathered_state = self.optimizer.gather_state(&self.group)?;
            }
            let observed = observed.and_then(|flow| {
                observers.iter_mut().try_fold(flow, |flow, observer| Ok(flow.combine(observer.on_step(self, &record)?)))
            });
            self.gathered_state = None;
            let observed = observed.and_then(|flow| self.before_step(flow, observers));
            flow = agree_on_flow(&self.group, observed)?;
            if let Some(problem) = missing_metric {
                self.gathered_state = self.optimizer.gather_state(&self.group)?;
                observers.iter_mut().try_for_each(|observer| observer.on_failure(self))?;
                return Err(problem);
            }
        }
        self.finished_early = flow == Flow::Finish;
        if !self.is_finished() {
            self.gathered_state = self.optimizer.gather_state(&self.group)?;
        }
        let ended =
            self.in_evaluation_mode(|trainer| observers.iter_mut().try_for_each(|observer| observer.on_end(trainer)));
        self.gathered_state = None;
        self.group.agree_on_result(ended)?;
        Ok(TrainSummary {
            steps: self.step(),
            finished: self.is_finished(),
            last_step: self.history.last_step().cloned(),
            last_mean: self.history.window_mean(),
            last_evaluation: self.history.evaluations.last().cloned(),
        })
    }

    /// Calls the observers before the next step, if there is one. If one fails, the steps so far are saved.
    fn before_step(&mut self, flow: Flow, observers: &mut [&mut dyn Observer<O>]) -> Result<Flow> {
        if flow != Flow::Continue || self.step() >= self.total_steps() {
            return Ok(flow);
        }
        let ready = self.in_evaluation_mode(|trainer| {
            observers.iter_mut().try_fold(flow, |flow, observer| Ok(flow.combine(observer.before_step(trainer)?)))
        });
        if ready.is_err() && self.step() > 0 {
            self.save_after_failure(observers);
        }
        ready
    }

    /// Lets the observers save the steps so far. With several processes the others would have to take part.
    fn save_after_failure(&mut self, observers: &mut [&mut dyn Observer<O>]) {
        if !self.group.is_single() {
            return;
        }
        let gathered = self.optimizer.gather_state(&self.group).map(|state| self.gathered_state = state);
        let saved = gathered.and_then(|()| observers.iter_mut().try_for_each(|observer| observer.on_failure(self)));
        self.gathered_state = None;
        if let Err(problem) = saved {
            tracing::warn!(%problem, "the steps so far could not be saved");
        }
    }

    fn evaluation_is_due(&self) -> bool {
        !self.eval.is_empty() && self.is_due(self.training().eval_strategy, self.training().eval_steps)
    }

    /// Whether a checkpoint is due after the current step.
    pub(crate) fn checkpoint_is_due(&self) -> bool {
        self.is_due(self.training().save_strategy, self.training().save_steps)
    }

    /// Whether an action with this strategy is due after the current step.
    fn is_due(&self, strategy: IntervalStrategy, steps: Option<u64>) -> bool {
        match strategy {
            IntervalStrategy::No => false,
            IntervalStrategy::Steps => steps.is_some_and(|every| self.step.is_multiple_of(every)),
            IntervalStrategy::Epoch => self.step.is_multiple_of(self.steps_per_epoch()),
        }
    }
}

impl<O: Objective> Iterator for Trainer<O> {
    type Item = Result<StepRecord>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_step().transpose()
    }
}

/// The loss and the reward margin, short enough for the end of a line of a terminal.
fn short_status(record: &StepRecord) -> String {
    let margin = record.metrics.get("rewards/margins").map(|margin| format!(" margin {margin:.3}")).unwrap_or_default();
    format!("loss {:.4}{margin}", record.loss)
}
