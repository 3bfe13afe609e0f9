//! Logs a run to trackers.

use super::{Observer, TrackerTexts};
use crate::batch_metrics::RowValues;
use crate::objective::Objective;
use crate::{Error, EvaluationRecord, Flow, Result, StepRecord, Trainer, TrainingRecords};
use align_trackers::mlflow::{End, MlflowRun};
use align_trackers::tensorboard::{EventFile, Value, tag};

/// Logs the mean of every `logging_steps` steps and each evaluation, under transformers' names: in TensorBoard as `train/loss` and `eval/loss`, in
/// MLflow as `loss` and `eval_loss`. TensorBoard also shows histograms of rewards and log-ratios, and the sample texts.
#[derive(Debug)]
pub(crate) struct TrackerLog {
    pub tensorboard: Option<EventFile>,
    pub mlflow: Option<MlflowRun>,
    pub texts: Option<TrackerTexts>,
    /// The step of the last evaluation that was logged.
    pub last_evaluation: Option<u64>,
}

impl TrackerLog {
    /// Logs the records of a run that is resumed, from before its checkpoint: to MLflow, which skips those that it has, and to TensorBoard if its
    /// folder has no files of the run.
    pub fn log_earlier(&mut self, records: &TrainingRecords, to_tensorboard: bool) -> Result<()> {
        let steps = records.steps.iter().map(|record| (record.step, step_values(record)));
        let evaluations = records.evaluations.iter().map(|record| (record.step, evaluation_values(record)));
        let mut all: Vec<(u64, Vec<(String, f64)>)> = steps.chain(evaluations).collect();
        all.sort_by_key(|(step, _)| *step);
        for (step, values) in &all {
            if to_tensorboard {
                self.write(*step, values, None)?;
            }
            self.send(*step, values);
        }
        self.last_evaluation = records.evaluations.last().map(|record| record.step);
        Ok(())
    }

    /// Logs the evaluation of the trained model, unless it is that of the last step.
    pub fn final_evaluation(&mut self, record: &EvaluationRecord) -> Result<()> {
        match self.last_evaluation == Some(record.step) {
            true => Ok(()),
            false => self.log_evaluation(record, None),
        }
    }

    /// Says that the run is finished.
    pub fn finish(mut self) -> Result<()> {
        if let Some(events) = self.tensorboard.take() {
            let path = events.path().to_owned();
            events.finish().map_err(|e| Error::Output { path, reason: e.to_string() })?;
        }
        self.end(End::Finished);
        Ok(())
    }

    /// Says that the run was stopped and can be resumed.
    pub fn stop(mut self) -> Result<()> {
        self.sync()?;
        self.end(End::Stopped);
        Ok(())
    }

    fn end(&mut self, end: End) {
        if let Some(not_sent) = self.mlflow.take().and_then(|run| run.finish(end)) {
            tracing::warn!("{not_sent}");
        }
    }

    fn log_evaluation(&mut self, record: &EvaluationRecord, row_values: Option<&RowValues>) -> Result<()> {
        let values = evaluation_values(record);
        self.write(record.step, &values, row_values.map(|values| (values, "eval_")))?;
        self.send(record.step, &values);
        self.last_evaluation = Some(record.step);
        Ok(())
    }

    fn log_mean<O: Objective>(&mut self, trainer: &Trainer<O>) -> Result<()> {
        let Some(mean) = trainer.mean_since_last_log() else { return Ok(()) };
        let values = step_values(&mean);
        self.write(mean.step, &values, Some((&trainer.history.window_values, "")))?;
        self.send(mean.step, &values);
        Ok(())
    }

    /// Writes the texts that were added.
    fn log_texts(&mut self) -> Result<()> {
        let (Some(texts), Some(events)) = (&mut self.texts, &mut self.tensorboard) else { return Ok(()) };
        for (step, text) in texts.added()? {
            events.write(step, [text]).map_err(|e| output_error(events, &e))?;
        }
        Ok(())
    }

    fn write(&mut self, step: u64, values: &[(String, f64)], rows: Option<(&RowValues, &str)>) -> Result<()> {
        let Some(events) = &mut self.tensorboard else { return Ok(()) };
        let scalars = values.iter().map(|(name, value)| Value::scalar(tag(name), *value));
        let histograms = rows.iter().flat_map(|(rows, prefix)| {
            // A tag has values of one kind, and that of the metric has scalars.
            let tag = move |name: &str| tag(&format!("{prefix}{name}/histogram"));
            rows.iter().filter_map(move |(name, values)| Value::histogram(tag(name), values))
        });
        events.write(step, scalars.chain(histograms)).map_err(|e| output_error(events, &e))
    }

    fn send(&self, step: u64, values: &[(String, f64)]) {
        if let Some(run) = &self.mlflow {
            run.log(step, values.iter().map(|(name, value)| (name.as_str(), *value)));
        }
    }

    fn sync(&mut self) -> Result<()> {
        match &mut self.tensorboard {
            Some(events) => events.sync().map_err(|e| output_error(events, &e)),
            None => Ok(()),
        }
    }
}

fn output_error(events: &EventFile, error: &std::io::Error) -> Error {
    Error::Output { path: events.path().to_owned(), reason: error.to_string() }
}

/// The values of a mean of steps, under the names of the metrics file.
fn step_values(record: &StepRecord) -> Vec<(String, f64)> {
    let own = [
        ("loss", record.loss),
        ("grad_norm", record.grad_norm),
        ("learning_rate", record.learning_rate),
        ("num_tokens", record.num_tokens as f64),
        ("epoch", record.epoch),
    ];
    own.into_iter().chain(record.metrics.iter()).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The values of an evaluation.
fn evaluation_values(record: &EvaluationRecord) -> Vec<(String, f64)> {
    let own = [("loss", record.eval_loss), ("runtime", record.eval_runtime)];
    own.into_iter().chain(record.metrics.iter()).map(|(name, value)| (format!("eval_{name}"), value)).collect()
}

impl<O: Objective> Observer<O> for TrackerLog {
    fn on_start(&mut self, _: &Trainer<O>) -> Result<Flow> {
        self.texts.iter_mut().for_each(TrackerTexts::begin);
        self.log_texts()?;
        Ok(Flow::Continue)
    }

    fn on_step(&mut self, trainer: &Trainer<O>, _: &StepRecord) -> Result<Flow> {
        if trainer.is_logging_step() {
            self.log_mean(trainer)?;
        }
        if trainer.checkpoint_is_due() {
            // A run that is resumed from the checkpoint goes on after these events.
            self.sync()?;
        }
        Ok(Flow::Continue)
    }

    fn on_evaluation(&mut self, trainer: &Trainer<O>, record: &EvaluationRecord) -> Result<Flow> {
        self.log_evaluation(record, Some(&trainer.eval_row_values))?;
        self.log_texts()?;
        Ok(Flow::Continue)
    }

    fn on_end(&mut self, trainer: &Trainer<O>) -> Result<()> {
        // If the run was stopped, these steps belong to the next mean after it is resumed.
        if trainer.is_finished() && !trainer.is_logging_step() {
            self.log_mean(trainer)?;
        }
        self.log_texts()
    }
}
