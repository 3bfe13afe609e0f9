use super::{Flow, Observer};
use crate::{DpoTrainer, EvaluationRecord, Result, StepRecord};
use align_models::CausalLm;
use indicatif::ProgressStyle;

/// A bar on the terminal's standard error; nothing where that is not a terminal.
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

impl<M: CausalLm> Observer<M> for ProgressBar {
    fn on_step(&mut self, trainer: &DpoTrainer<M>, record: &StepRecord) -> Result<Flow> {
        self.bar.set_length(trainer.total_steps());
        self.bar.set_position(record.step);
        let held_out = self.accuracy.map(|a| format!(" held-out accuracy {a:.3}")).unwrap_or_default();
        self.bar.set_message(format!("loss {:.4} margin {:.3}{held_out}", record.loss, record.pairs.rewards_margins));
        Ok(Flow::Continue)
    }

    fn on_evaluation(&mut self, _: &DpoTrainer<M>, record: &EvaluationRecord) -> Result<Flow> {
        self.accuracy = Some(record.pairs.rewards_accuracies);
        Ok(Flow::Continue)
    }

    fn on_end(&mut self, _: &DpoTrainer<M>) -> Result<()> {
        self.bar.finish();
        Ok(())
    }
}
