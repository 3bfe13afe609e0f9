use super::Observer;
use crate::objective::Objective;
use crate::{Error, EvaluationRecord, Flow, Result, StepRecord, Trainer};
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// All records of a run, for plots: collected during training, or read from the metrics file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrainingRecords {
    /// The records of single steps, or means over several steps.
    pub steps: Vec<StepRecord>,
    /// The evaluations on held-out rows.
    pub evaluations: Vec<EvaluationRecord>,
}

impl TrainingRecords {
    /// Reads a file that [`MetricsFile`](super::MetricsFile) wrote.
    ///
    /// # Errors
    /// A file that cannot be read, or a line that is not a record (the error names it).
    pub fn read(path: &Path) -> Result<Self> {
        let fail = |reason: String| Error::Records { path: path.to_owned(), reason };
        let file = File::open(path).map_err(|e| fail(e.to_string()))?;
        let mut records = Self::default();
        for (line, number) in BufReader::new(file).lines().zip(1..) {
            let line = line.map_err(|e| fail(e.to_string()))?;
            records.add(&line).map_err(|e| fail(format!("line {number} is not a training record: {e}")))?;
        }
        Ok(records)
    }

    fn add(&mut self, line: &str) -> serde_json::Result<()> {
        let record: Value = serde_json::from_str(line)?;
        match record.get("eval_loss") {
            Some(_) => self.evaluations.push(serde_json::from_value(record)?),
            None => self.steps.push(serde_json::from_value(record)?),
        }
        Ok(())
    }

    /// The steps and values of a metric on the training rows, `loss`, `grad_norm` or `learning_rate`.
    #[must_use]
    pub fn train_curve(&self, metric: &str) -> Vec<(u64, f64)> {
        self.steps.iter().filter_map(|record| Some((record.step, record.get(metric)?))).collect()
    }

    /// The steps and values of a metric on the held-out rows.
    #[must_use]
    pub fn eval_curve(&self, metric: &str) -> Vec<(u64, f64)> {
        let value = |record: &EvaluationRecord| Some((record.step, record.get(metric)?));
        let mut points: Vec<(u64, f64)> = self.evaluations.iter().filter_map(value).collect();
        // The last step may have been evaluated twice.
        points.dedup_by_key(|(step, _)| *step);
        points
    }
}

impl<O: Objective> Observer<O> for TrainingRecords {
    fn on_step(&mut self, _: &Trainer<O>, record: &StepRecord) -> Result<Flow> {
        self.steps.push(record.clone());
        Ok(Flow::Continue)
    }

    fn on_evaluation(&mut self, _: &Trainer<O>, record: &EvaluationRecord) -> Result<Flow> {
        self.evaluations.push(record.clone());
        Ok(Flow::Continue)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const STEP: &str =
        r#"{"loss":LOSS,"grad_norm":1.0,"learning_rate":0.1,"num_tokens":7,"accuracy":0.5,"epoch":0.5,"step":2}"#;
    const EVALUATION: &str = r#"{"eval_loss":0.25,"eval_accuracy":0.75,"eval_runtime":1.0,"epoch":1.0,"step":4}"#;

    fn read(text: &str) -> Result<TrainingRecords> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("metrics.jsonl");
        std::fs::write(&path, text).unwrap();
        TrainingRecords::read(&path)
    }

    #[test]
    fn curves_are_read_from_a_metrics_file() {
        let text = [&STEP.replace("LOSS", "0.5"), EVALUATION, &STEP.replace("LOSS", "null"), EVALUATION].join("\n");
        let records = read(&text).unwrap();
        assert_eq!(records.eval_curve("loss"), [(4, 0.25)]);
        assert_eq!(records.eval_curve("accuracy"), [(4, 0.75)]);
        assert_eq!(records.train_curve("accuracy"), [(2, 0.5), (2, 0.5)]);
        assert_eq!(records.train_curve("loss")[0], (2, 0.5));
        assert!(records.train_curve("loss")[1].1.is_nan());
        assert_eq!(records.train_curve("kl"), []);
    }

    #[test]
    fn a_line_that_is_not_a_record_is_named_in_the_error() {
        let message = read(&format!("{EVALUATION}\n{{\"loss\":1}}\n")).unwrap_err().to_string();
        for part in ["metrics.jsonl", "line 2", "grad_norm"] {
            assert!(message.contains(part), "{message}");
        }
    }
}
