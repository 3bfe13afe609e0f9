//! What is printed at the end of a training run: the last figures, what was written, and the next command.

use crate::shell_words::quoted;
use crate::training_log::figures;
use crate::{log, output};
use align_base::{counted, format_duration, printable_path};
use align_train::{RunFolder, RunSummary};
use serde_json::json;
use std::path::Path;
use std::time::Duration;

/// Prints the summary of a finished run.
pub fn print(summary: &RunSummary, run: &Path, next: &str, elapsed: Duration) {
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
        output::note!("stopped early after step {} of {}: no improvement", summary.steps, summary.total_steps);
    }
    output::note!("trained {} in {}", counted(summary.steps, "step"), format_duration(elapsed));
    if let Some(last) = &summary.last_mean {
        let (mean, steps) = (&last.mean, last.describe_steps());
        output::note!("  training:   {} ({steps})", figures(mean.loss, &mean.metrics));
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
        (RunFolder::SAMPLES, "texts generated at each evaluation"),
    ] {
        if run.join(file).exists() {
            output::note!("  {file:<14} {what}");
        }
    }
    output::note!("next:\n  {}", next.replace("MODEL", &quoted(model)));
}
