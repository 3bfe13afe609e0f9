use crate::TrainingRecords;
use align_report::{Axis, Figure, FigureWidth, LineChart, LineSeries, ReportFigure, SeriesColour};
use std::collections::BTreeMap;

/// The metrics that get a chart if a run reports them, with the titles of their axes.
const CHARTS: [(&str, &str); 12] = [
    ("reward", "Reward"),
    ("objective/kl", "KL divergence from the reference model (nats)"),
    ("completions/mean_length", "Tokens of a completion"),
    ("loss", "Loss"),
    ("rewards/margins", "Reward margin"),
    ("rewards/accuracies", "Reward accuracy"),
    ("log_ratios/chosen", "Log-ratio of chosen texts (nats)"),
    ("log_ratios/rejected", "Log-ratio of rejected texts (nats)"),
    ("mean_token_accuracy", "Token accuracy"),
    ("accuracy", "Accuracy"),
    ("grad_norm", "Gradient norm"),
    ("learning_rate", "Learning rate"),
];

/// Charts of the training and evaluation curves of named runs, one chart per metric.
#[must_use]
pub fn training_curves(runs: &[(&str, &TrainingRecords)]) -> Vec<ReportFigure> {
    let held_out = held_out_judges(runs);
    let held_out = held_out.iter().map(|(metric, title)| (metric.as_str(), title.as_str()));
    let (reward, others) = CHARTS.split_at(1);
    let charts = reward.iter().copied().chain(held_out).chain(others.iter().copied());
    charts.filter_map(|(metric, title)| chart(runs, metric, title)).collect()
}

/// The metrics of held-out judges of on-policy runs, with the titles of their axes. Beside the reward they show over-optimisation.
fn held_out_judges(runs: &[(&str, &TrainingRecords)]) -> BTreeMap<String, String> {
    let records = runs.iter().flat_map(|(_, records)| &records.steps);
    let names = records.flat_map(|record| record.metrics.iter().map(|(name, _)| name));
    let title = |name: &str| {
        let judge = name.strip_prefix("held_out/")?.strip_suffix("/mean")?;
        Some((name.to_owned(), format!("Score of the held-out judge {judge}")))
    };
    names.filter_map(title).collect()
}

/// Whether a metric is measured on the texts of a round rather than on the rows of a step.
fn is_of_round(metric: &str) -> bool {
    matches!(metric, "reward" | "objective/kl" | "completions/mean_length") || metric.starts_with("held_out/")
}

/// Says why a run has no training curves, or none of held-out rows. Empty if it has both.
#[must_use]
pub fn training_note(records: &TrainingRecords, has_held_out: bool) -> String {
    let note = match (records.steps.is_empty(), has_held_out, records.evaluations.is_empty()) {
        (true, ..) => "No step was logged, so there are no training curves.",
        (_, false, _) => "No held-out data was given, so the curves are those of the training rows.",
        (_, true, true) => {
            "The held-out rows were evaluated only at the end, so the curves are those of the training rows. `eval_strategy` evaluates \
             them during training."
        }
        (_, true, false) => "",
    };
    note.to_owned()
}

fn chart(runs: &[(&str, &TrainingRecords)], metric: &str, title: &str) -> Option<ReportFigure> {
    let lines = runs.iter().flat_map(|(name, records)| {
        let (train_name, eval_name) = match runs.len() {
            1 if is_of_round(metric) => ("texts of the round".to_owned(), "held-out rows".to_owned()),
            1 => ("training rows".to_owned(), "held-out rows".to_owned()),
            _ => ((*name).to_owned(), format!("{name}, held-out")),
        };
        // With several runs, both lines of a run have its colour.
        let colour = if runs.len() == 1 { SeriesColour::OwnName } else { SeriesColour::NameOf(train_name.clone()) };
        let train = line(train_name, records.train_curve(metric));
        let eval = line(eval_name, records.eval_curve(metric)).with_colour(colour).with_hollow_markers();
        [train, eval]
    });
    // A chart does not accept a line without finite values.
    let drawn: Vec<LineSeries> = lines.filter(|line| line.points.iter().any(|point| point.value.is_finite())).collect();
    if drawn.is_empty() {
        return None;
    }
    let has_held_out = drawn.iter().any(|line| line.hollow);
    let is_averaged = runs.iter().any(|(_, records)| is_averaged(records));
    let chart = LineChart {
        title: format!("{title} over steps"),
        x: Axis::linear("Step"),
        y: Axis::linear(title),
        series: LineSeries::merge_equal(drawn),
        smoothing: None,
    };
    let caption = caption(metric, title, has_held_out, is_averaged);
    Some(ReportFigure { figure: Figure::from(chart), caption, width: FigureWidth::Half })
}

/// Whether the records are those of a metrics file that has a mean for every few steps.
fn is_averaged(records: &TrainingRecords) -> bool {
    let before = std::iter::once(0).chain(records.steps.iter().map(|record| record.step));
    before.zip(&records.steps).any(|(before, record)| record.step > before + 1)
}

fn caption(metric: &str, title: &str, has_held_out: bool, is_averaged: bool) -> String {
    let means = if is_averaged { "; each point is the mean of the steps since the one before" } else { "" };
    match metric {
        "learning_rate" => "Learning rate.".to_owned(),
        _ if is_of_round(metric) => {
            format!("{title}, measured on the texts that the policy wrote for the round{means}.")
        }
        "grad_norm" => format!("Norm of the gradient before clipping{means}."),
        _ => {
            let held_out = if has_held_out { "; hollow markers: the held-out rows" } else { "" };
            format!("{title} of the training batches before their updates{means}{held_out}.")
        }
    }
}

fn line(name: String, points: Vec<(u64, f64)>) -> LineSeries {
    LineSeries::new(name, points.into_iter().map(|(step, value)| (step as f64, value)))
}
