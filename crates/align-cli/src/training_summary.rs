//! What is printed at the end of a training run: the last figures, and what was written.

use crate::training_log::figures;
use crate::{log, output};
use align_base::{counted, format_duration, printable_path};
use align_train::{RunFolder, RunSummary};
use serde_json::json;
use std::path::Path;
use std::time::Duration;

/// Prints the summary of a finished run, of which `steps_before` steps were done by an earlier process.
pub fn print(summary: &RunSummary, steps_before: u64, run: &Path, elapsed: Duration) {
    let Some(model) = &summary.model else { return };
    if log::is_json() {
        let fields = json!({
            "steps": summary.steps,
            "total_steps": summary.total_steps,
            "best_step": summary.best_step,
            "train": summary.last_mean.as_ref().map(|last| &last.mean),
            "evaluation": summary.evaluation,
            "model": model,
            "adapter": summary.adapter,
            "seconds": elapsed.as_secs_f64(),
        });
        return log::training_record("finished", &fields, String::new);
    }
    if summary.steps < summary.total_steps {
        // On-policy runs have said why.
        let why = if run.join(RunFolder::ROUNDS).exists() { "" } else { ": no improvement" };
        output::note!("stopped early after step {} of {}{why}", summary.steps, summary.total_steps);
    }
    let (done, elapsed) = (summary.steps - steps_before.min(summary.steps), format_duration(elapsed));
    match steps_before {
        0 => output::note!("trained {} in {elapsed}", counted(done, "step")),
        before => output::note!("trained {} after the first {before} in {elapsed}", counted(done, "step")),
    }
    if let Some(last) = &summary.last_mean {
        output::note!("  {}: {}", last.describe_steps(), figures(last.mean.loss, &last.mean.metrics));
    }
    if let Some(record) = &summary.evaluation {
        output::note!("  evaluation: {}", figures(record.eval_loss, &record.metrics));
    }
    output::note!("written to {}:", printable_path(run));
    let model_name = model.strip_prefix(run).unwrap_or(model);
    let of_step = summary.best_step.map(|step| format!(" of the best checkpoint, checkpoint-{step}"));
    let what = if summary.adapter { "the LoRA adapter" } else { "the trained model" };
    output::note!("  {:<14} {what}{}", format!("{}/", printable_path(model_name)), of_step.unwrap_or_default());
    for (file, what) in [
        (RunFolder::REPORT, "figures, options and curves"),
        (RunFolder::METRICS, "loss and metrics by step"),
        (RunFolder::ROUNDS, "texts of each round, with their scores"),
        (RunFolder::SAMPLES, "texts generated before, during and after training"),
    ] {
        if run.join(file).exists() {
            output::note!("  {file:<14} {what}");
        }
    }
}
