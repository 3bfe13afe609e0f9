use crate::{Findings, PolicyResult, Sweep};
use align_metrics::{Estimate, SampleMean};

/// Formats the sweep as CSV: one row per policy, the model before training first, with all digits.
///
/// Divergences are in nats per text, entropies in nats per token. The suffixes `_low` and `_high` denote confidence
/// limits and `_se` standard errors, all clustered by prompt. Values that do not apply to the model before training are
/// empty.
#[must_use]
pub fn csv(sweep: &Sweep, findings: &Findings) -> String {
    let mut text = String::new();
    let sft = std::iter::once(("SFT".to_owned(), String::new(), &sweep.sft));
    let points = sweep.points.iter().map(|(point, run)| (point.loss.to_string(), point.beta.to_string(), run));
    for (index, (loss, beta, run)) in sft.chain(points).enumerate() {
        let mut row = CsvRow::default();
        row.text("loss", loss);
        row.text("beta", beta);
        fill(&mut row, run);
        row.text("on_kl_front", findings.is_on_kl_front(index).to_string());
        row.text("on_entropy_front", findings.is_on_entropy_front(index).to_string());
        text += &row.lines(index == 0);
    }
    text
}

fn fill(row: &mut CsvRow, run: &PolicyResult) {
    let of = &run.evaluation;
    row.text("texts", run.samples.len().to_string());
    row.estimate("reward", Some(of.reward));
    row.estimate("held_out_reward", of.held_out_reward);
    row.sample_mean("kl_policy_reference", of.policy_reference_kl);
    row.sample_mean("kl_policy_reference_k1", of.policy_reference_k1);
    row.sample_mean("kl_reference_policy", of.reference_policy_kl);
    row.estimate("token_entropy", Some(of.token_entropy));
    row.number("token_entropy_corrected", Some(of.corrected_token_entropy));
    for ngrams in &of.diversity.ngrams {
        row.number(&format!("distinct_{}", ngrams.n), Some(ngrams.distinct));
        row.number(&format!("self_repetition_{}", ngrams.n), Some(ngrams.self_repetition()));
    }
    row.number("mean_length", Some(of.diversity.mean_length));
    row.number("without_end", of.diversity.unfinished);
    row.estimate("reward_difference", of.against_reference.map(|found| found.mean_difference));
    row.estimate("win_rate", of.against_reference.map(|found| found.win_rate));
    row.number("p_value", of.against_reference.map(|found| found.p_value));
    row.text("steps", run.training.len().to_string());
    for (name, metric) in [
        ("train_loss", "loss"),
        ("train_margin", "rewards/margins"),
        ("train_accuracy", "rewards/accuracies"),
        ("train_log_ratio_chosen", "log_ratios/chosen"),
        ("train_log_ratio_rejected", "log_ratios/rejected"),
        ("likelihood_displacement", "likelihood_displacement"),
    ] {
        row.number(name, run.last_quarter(metric));
    }
}

/// Column names and the values of one row.
#[derive(Default)]
pub(crate) struct CsvRow {
    names: Vec<String>,
    values: Vec<String>,
}

impl CsvRow {
    /// The line of the row, and before it that of the names if it is the first one.
    pub(crate) fn lines(&self, is_first: bool) -> String {
        let line = |cells: &[String]| cells.iter().map(|cell| csv_cell(cell)).collect::<Vec<_>>().join(",") + "\n";
        let names = if is_first { line(&self.names) } else { String::new() };
        names + &line(&self.values)
    }

    pub(crate) fn text(&mut self, name: &str, value: String) {
        self.names.push(name.to_owned());
        self.values.push(value);
    }

    pub(crate) fn number(&mut self, name: &str, value: Option<f64>) {
        self.text(name, value.map(|value| value.to_string()).unwrap_or_default());
    }

    pub(crate) fn estimate(&mut self, name: &str, estimate: Option<Estimate>) {
        self.number(name, estimate.map(|estimate| estimate.value));
        self.number(&format!("{name}_low"), estimate.map(|estimate| estimate.interval.low));
        self.number(&format!("{name}_high"), estimate.map(|estimate| estimate.interval.high));
    }

    pub(crate) fn sample_mean(&mut self, name: &str, mean: SampleMean) {
        self.number(name, Some(mean.value));
        self.number(&format!("{name}_se"), Some(mean.standard_error));
    }
}

/// A cell, in quotation marks if it needs them.
fn csv_cell(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}
