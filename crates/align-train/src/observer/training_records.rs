use super::{Flow, Observer};
use crate::objective::Objective;
use crate::{Error, EvaluationRecord, Result, StepRecord, Trainer};
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// All records of a run, for curves of it: gathered as they come, or read from the run's metrics file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrainingRecords {
    /// The steps, or the means of some steps each.
    pub steps: Vec<StepRecord>,
    /// The evaluations of held-out rows.
    pub evaluations: Vec<EvaluationRecord>,
}

impl TrainingRecords {
    /// Those that [`MetricsFile`](super::MetricsFile) wrote, those before a resume included.
    ///
    /// # Errors
    /// A file that cannot be read; names the line that is no record.
    pub fn read(path: &Path) -> Result<Self> {
        let fail = |reason: String| Error::Records { path: path.to_owned(), reason };
        let file = File::open(path).map_err(|e| fail(e.to_string()))?;
        let mut records = Self::default();
        for (line, number) in BufReader::new(file).lines().zip(1..) {
            let line = line.map_err(|e| fail(e.to_string()))?;
            records.add(&line).map_err(|e| fail(format!("line {number} is no record of training: {e}")))?;
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

    /// A metric of the training rows by step; the loss is `loss`.
    #[must_use]
    pub fn trained(&self, metric: &str) -> Vec<(u64, f64)> {
        let value = |record: &StepRecord| match metric {
            "loss" => Some(record.loss),
            name => record.metrics.get(name),
        };
        self.steps.iter().filter_map(|record| Some((record.step, value(record)?))).collect()
    }

    /// A metric of the held-out rows by step.
    #[must_use]
    pub fn held_out(&self, metric: &str) -> Vec<(u64, f64)> {
        let value = |record: &EvaluationRecord| Some((record.step, record.get(metric)?));
        let mut points: Vec<(u64, f64)> = self.evaluations.iter().filter_map(value).collect();
        // The last step's evaluation may have been repeated.
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
    fn a_metrics_file_is_read_by_step() {
        let text = [&STEP.replace("LOSS", "0.5"), EVALUATION, &STEP.replace("LOSS", "null"), EVALUATION].join("\n");
        let records = read(&text).unwrap();
        assert_eq!(records.held_out("loss"), [(4, 0.25)]);
        assert_eq!(records.held_out("accuracy"), [(4, 0.75)]);
        assert_eq!(records.trained("accuracy"), [(2, 0.5), (2, 0.5)]);
        assert_eq!(records.trained("loss")[0], (2, 0.5));
        assert!(records.trained("loss")[1].1.is_nan());
        assert_eq!(records.trained("kl"), []);
    }

    #[test]
    fn a_line_that_is_no_record_is_named() {
        let said = read(&format!("{EVALUATION}\n{{\"loss\":1}}\n")).unwrap_err().to_string();
        assert!(said.contains("metrics.jsonl") && said.contains("line 2") && said.contains("grad_norm"), "{said}");
    }
}
