use crate::TrainingRecords;
use align_report::{Axis, Figure, FigureWidth, LineChart, LineSeries, ReportFigure, SeriesColour};

/// The metrics that get a chart if a run reports them, with the titles of their axes.
const CHARTS: [(&str, &str); 9] = [
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
    CHARTS.iter().filter_map(|(metric, title)| chart(runs, metric, title)).collect()
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
