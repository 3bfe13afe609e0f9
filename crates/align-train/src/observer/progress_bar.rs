use super::{Flow, Observer};
use crate::objective::Objective;
use crate::{EvaluationRecord, Result, StepRecord, Trainer};
use indicatif::ProgressStyle;

/// A progress bar on standard error. Hidden if standard error is not a terminal.
#[derive(Debug)]
pub struct ProgressBar {
    bar: indicatif::ProgressBar,
    accuracy: Option<f64>,
}

impl Default for ProgressBar {
    fn default() -> Self {
        let bar = indicatif::ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} [{elapsed}<{eta}, {per_sec}] {msg}") {
            bar.set_style(style);
        }
        Self { bar, accuracy: None }
    }
}

impl<O: Objective> Observer<O> for ProgressBar {
    fn on_step(&mut self, trainer: &Trainer<O>, record: &StepRecord) -> Result<Flow> {
        self.bar.set_length(trainer.total_steps());
        self.bar.set_position(record.step);
        let held_out = self.accuracy.map(|a| format!(" held-out accuracy {a:.3}")).unwrap_or_default();
        let margin = record.metrics.get("rewards/margins").map(|m| format!(" margin {m:.3}")).unwrap_or_default();
        self.bar.set_message(format!("loss {:.4}{margin}{held_out}", record.loss));
        Ok(Flow::Continue)
    }

    fn on_evaluation(&mut self, _: &Trainer<O>, record: &EvaluationRecord) -> Result<Flow> {
        self.accuracy = record.metrics.get("rewards/accuracies");
        Ok(Flow::Continue)
    }

    fn on_end(&mut self, _: &Trainer<O>) -> Result<()> {
        self.bar.finish();
        Ok(())
    }
}
