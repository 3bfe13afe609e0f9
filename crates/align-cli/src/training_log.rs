//! The log of a training run on standard error: a line for every `--logging-steps` steps and for each evaluation.

use crate::log;
use align_base::format_duration;
use align_train::{EvaluationRecord, Flow, Metrics, Objective, Observer, Result, StepRecord, Trainer};
use std::io::IsTerminal;
use std::time::Instant;

/// The metrics that matter most, with the words for them.
const WORDS: [(&str, &str); 7] = [
    ("rewards/margins", "reward margin"),
    ("rewards/accuracies", "reward accuracy"),
    ("kl", "KL"),
    ("perplexity", "perplexity"),
    ("mean_token_accuracy", "token accuracy"),
    ("accuracy", "accuracy"),
    ("entropy", "entropy"),
];
/// More metrics would not fit into a line of 80 columns.
const MOST_METRICS: usize = 2;

/// Logs a run as it proceeds. On a terminal the progress bar shows the steps, so that only evaluations are logged.
pub struct TrainingLog {
    /// When the run started, and its steps before that.
    started: Option<(Instant, u64)>,
    logs_steps: bool,
}

impl Default for TrainingLog {
    fn default() -> Self {
        Self { started: None, logs_steps: log::is_json() || !std::io::stderr().is_terminal() }
    }
}

impl TrainingLog {
    /// The remaining time, estimated from the steps so far.
    fn time_left(&self, step: u64, total: u64) -> Option<String> {
        let (started, before) = self.started?;
        let (done, left) = (step.checked_sub(before)?, total.checked_sub(step)?);
        let left = started.elapsed().mul_f64(left as f64 / done.max(1) as f64);
        (done > 0 && step < total).then(|| format!(", {} left", format_duration(left)))
    }
}

impl<O: Objective> Observer<O> for TrainingLog {
    fn on_start(&mut self, trainer: &Trainer<O>) -> Result<Flow> {
        self.started = Some((Instant::now(), trainer.step()));
        Ok(Flow::Continue)
    }

    fn on_step(&mut self, trainer: &Trainer<O>, record: &StepRecord) -> Result<Flow> {
        let (step, total) = (record.step, trainer.total_steps());
        if self.logs_steps
            && (trainer.is_logging_step() || step == total)
            && let Some(mean) = trainer.mean_since_last_log()
        {
            log::training_record("step", &mean, || {
                let left = self.time_left(step, total).unwrap_or_default();
                format!("step {step}/{total}: {}{left}", figures(mean.loss, &mean.metrics))
            });
        }
        Ok(Flow::Continue)
    }

    fn on_evaluation(&mut self, _: &Trainer<O>, record: &EvaluationRecord) -> Result<Flow> {
        log::training_record("evaluation", record, || {
            format!("evaluation at step {}: {}", record.step, figures(record.eval_loss, &record.metrics))
        });
        Ok(Flow::Continue)
    }
}

/// The loss and the metrics that matter most, in words.
pub fn figures(loss: f64, metrics: &Metrics) -> String {
    let metrics = WORDS.iter().filter_map(|(name, words)| Some(format!(", {words} {}", short(metrics.get(name)?))));
    let metrics: String = metrics.take(MOST_METRICS).collect();
    format!("loss {}{metrics}", short(loss))
}

/// A number with four significant digits or so.
fn short(value: f64) -> String {
    match value.abs() {
        magnitude if magnitude >= 1000.0 || (magnitude > 0.0 && magnitude < 1e-3) => format!("{value:.2e}"),
        magnitude if magnitude >= 100.0 => format!("{value:.1}"),
        magnitude if magnitude >= 10.0 => format!("{value:.2}"),
        magnitude if magnitude >= 1.0 => format!("{value:.3}"),
        _ => format!("{value:.4}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_words_with_few_digits() {
        let mut metrics = Metrics::default();
        for (name, value) in [("entropy", 2.0), ("rewards/margins", 0.123_456), ("rewards/accuracies", 1.0)] {
            metrics.set(name, value);
        }
        assert_eq!(figures(0.643_219, &metrics), "loss 0.6432, reward margin 0.1235, reward accuracy 1.000");
        assert_eq!(figures(1234.5, &Metrics::default()), "loss 1.23e3");
        assert_eq!(figures(-0.000_012_34, &Metrics::default()), "loss -1.23e-5");
    }
}
