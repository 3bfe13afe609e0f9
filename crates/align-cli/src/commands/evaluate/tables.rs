//! The metrics as tables, and what they say about the rewards.

use super::compared_file::ComparedFile;
use super::paired;
use crate::terminal::Verdict;
use align_metrics::{Bootstrap, EqualSamples, EvaluationReport, NgramDiversity};
use align_report::{Cell, Column, Estimate, Row, Table};

/// A metric: its column, and its cell for each file.
type Metric = (Column, Vec<Cell>);

/// The metrics of a single file.
pub fn of_one_file(
    name: &str,
    report: &EvaluationReport,
    equal_samples: Option<align_metrics::Estimate>,
    unit: &str,
    bootstrap: &Bootstrap,
) -> Table {
    let mut metrics: Vec<Metric> = report_metrics(&[report], unit);
    if let Some(entropy) = equal_samples {
        metrics.push((Column::new("Token entropy of equal samples", "nats"), vec![estimate(entropy)]));
    }
    table(format!("{}.", intervals(bootstrap)), [name], metrics)
}

/// The metrics of all texts of several files, and those of samples of equal size.
pub fn of_files(files: &[ComparedFile], sample: EqualSamples, unit: &str, bootstrap: &Bootstrap) -> [Table; 2] {
    let names = || files.iter().map(|file| file.file.as_str());
    let reports: Vec<&EvaluationReport> = files.iter().map(|file| &file.texts.report).collect();
    let all = format!("All texts. {}.", intervals(bootstrap));
    let level = bootstrap.level * 100.0;
    let equal = format!(
        "Samples of equal size: {} texts of each file, cut to {} tokens. Means over random samples, with the range of {level}% of \
         them.",
        sample.texts, sample.tokens
    );
    [
        table(all, names(), [report_metrics(&reports, unit), corrected_entropy(files), diversity(files)].concat()),
        table(equal, names(), equal_samples(files)),
    ]
}

/// Compares each file's mean reward with that of the first file, on the same prompts if possible.
pub fn verdicts(files: &[ComparedFile]) -> Vec<(Verdict, String)> {
    let Some((first, others)) = files.split_first() else { return Vec::new() };
    let verdict = |file: &ComparedFile| {
        if let Some(paired) = paired::verdict(file, &first.file) {
            return Some(paired);
        }
        let (ours, theirs) = (file.texts.report.mean_reward?.interval, first.texts.report.mean_reward?.interval);
        let (name, other) = (&file.file, &first.file);
        Some(if ours.low > theirs.high {
            (
                Verdict::Better,
                format!("{name}: the mean reward is higher than that of {other} (the intervals do not overlap)"),
            )
        } else if ours.high < theirs.low {
            (
                Verdict::Worse,
                format!("{name}: the mean reward is lower than that of {other} (the intervals do not overlap)"),
            )
        } else {
            (Verdict::Unclear, format!("{name}: the mean reward may equal that of {other} (the intervals overlap)"))
        })
    };
    others.iter().filter_map(verdict).collect()
}

fn table<'a>(caption: String, names: impl IntoIterator<Item = &'a str>, metrics: Vec<Metric>) -> Table {
    let row = |(index, name): (usize, &str)| Row {
        name: name.to_owned(),
        group: String::new(),
        cells: metrics.iter().filter_map(|(_, cells)| cells.get(index).cloned()).collect(),
    };
    Table {
        caption,
        row_title: "File".to_owned(),
        rows: names.into_iter().enumerate().map(row).collect(),
        columns: metrics.iter().map(|(column, _)| column.clone()).collect(),
    }
}

fn intervals(bootstrap: &Bootstrap) -> String {
    format!("{}% bootstrap intervals over texts ({} resamples)", bootstrap.level * 100.0, bootstrap.resamples)
}

fn report_metrics(reports: &[&EvaluationReport], unit: &str) -> Vec<Metric> {
    let of = |title: &str, unit: &str, cell: &dyn Fn(&EvaluationReport) -> Cell| -> Metric {
        (Column::new(title, unit), reports.iter().map(|report| cell(report)).collect())
    };
    vec![
        of("Texts", "", &|report| number(report.rows as f64)),
        of("Tokens", "", &|report| number(report.tokens as f64)),
        of("Mean reward", unit, &|report| {
            report.mean_reward.map_or_else(|| Cell::Text("no scores".to_owned()), estimate)
        }),
        of("Token entropy", "nats", &|report| estimate(report.token_entropy)),
        of("Miller-Madow entropy", "nats", &|report| estimate(report.miller_madow_entropy)),
        of("Notebook's entropy", "nats", &|report| number(report.notebook_entropy.value)),
    ]
}

fn corrected_entropy(files: &[ComparedFile]) -> Vec<Metric> {
    let of = |file: &ComparedFile| number(file.texts.chao_wang_jost_entropy);
    vec![(Column::new("Chao-Wang-Jost entropy", "nats"), files.iter().map(of).collect())]
}

fn diversity(files: &[ComparedFile]) -> Vec<Metric> {
    let of = |title: &str, unit: &str, cell: &dyn Fn(&ComparedFile) -> Cell| -> Metric {
        (Column::new(title, unit), files.iter().map(cell).collect())
    };
    let repeated = |n: usize| {
        move |file: &ComparedFile| {
            let share = file.texts.diversity.ngrams.iter().find(|ngrams| ngrams.n == n);
            share.map(NgramDiversity::self_repetition).map_or_else(|| Cell::Text("too short".to_owned()), number)
        }
    };
    vec![
        of("Mean length", "tokens", &|file| number(file.texts.diversity.mean_length)),
        of("Unfinished texts", "share", &|file| {
            file.texts.diversity.unfinished.map_or_else(|| Cell::Text("unknown".to_owned()), number)
        }),
        of("Self-repetition-2", "", &repeated(2)),
        of("Self-repetition-4", "", &repeated(4)),
    ]
}

fn equal_samples(files: &[ComparedFile]) -> Vec<Metric> {
    let of = |title: &str, unit: &str, cell: &dyn Fn(&ComparedFile) -> Cell| -> Metric {
        (Column::new(title, unit), files.iter().map(cell).collect())
    };
    let mut metrics = vec![
        of("Tokens per text", "", &|file| number(file.texts.equal_samples_tokens)),
        of("Token entropy", "nats", &|file| estimate(file.texts.equal_samples_entropy)),
        of("Miller-Madow entropy", "nats", &|file| estimate(file.texts.equal_samples_miller_madow_entropy)),
        of("Chao-Wang-Jost entropy", "nats", &|file| estimate(file.texts.equal_samples_chao_wang_jost_entropy)),
    ];
    let counted = files.first().map_or(&[][..], |file| &file.texts.diversity.ngrams);
    metrics.extend(counted.iter().enumerate().map(|(index, ngrams)| {
        of(&format!("Distinct-{}", ngrams.n), "", &|file| {
            file.texts.equal_samples_distinct.get(index).copied().map_or(Cell::Missing, estimate)
        })
    }));
    metrics
}

fn number(value: f64) -> Cell {
    Cell::Number(Estimate::exact(value))
}

fn estimate(of: align_metrics::Estimate) -> Cell {
    // A sample of all texts has no spread but that of rounding.
    let spread = of.interval.high - of.interval.low;
    if spread.abs() <= f64::EPSILON * 16.0 * of.value.abs() {
        return number(of.value);
    }
    Cell::Number(Estimate::new(of.value, of.interval.low, of.interval.high))
}
