use crate::TrainingRecords;
use align_report::{Axis, Figure, FigureWidth, LineChart, LineSeries, ReportFigure};

/// The metrics that get a chart if a run reports them, with the titles of their axes.
const CHARTS: [(&str, &str); 7] = [
    ("loss", "Loss"),
    ("rewards/margins", "Reward margin"),
    ("rewards/accuracies", "Reward accuracy"),
    ("log_ratios/chosen", "Log-ratio of chosen texts (nats)"),
    ("log_ratios/rejected", "Log-ratio of rejected texts (nats)"),
    ("mean_token_accuracy", "Token accuracy"),
    ("accuracy", "Accuracy"),
];

/// Charts of the training and evaluation curves of named runs, one chart per metric.
#[must_use]
pub fn training_curves(runs: &[(&str, &TrainingRecords)]) -> Vec<ReportFigure> {
    CHARTS.iter().filter_map(|(metric, title)| chart(runs, metric, title)).collect()
}

fn chart(runs: &[(&str, &TrainingRecords)], metric: &str, title: &str) -> Option<ReportFigure> {
    let by_step = |points: Vec<(u64, f64)>| points.into_iter().map(|(step, value)| (step as f64, value)).collect();
    let lines = runs.iter().flat_map(|(name, records)| {
        let (train, eval) = (by_step(records.train_curve(metric)), by_step(records.eval_curve(metric)));
        let (train_name, eval_name) = match runs.len() {
            1 => ("training rows".to_owned(), "held-out rows".to_owned()),
            _ => ((*name).to_owned(), format!("{name}, held-out")),
        };
        [(train_name, train), (eval_name, eval)]
    });
    // A chart does not accept a line without finite values.
    let drawn =
        lines.filter(|(_, points): &(String, Vec<(f64, f64)>)| points.iter().any(|(_, value)| value.is_finite()));
    let series: Vec<LineSeries> = drawn.map(|(name, points)| LineSeries::new(name, points)).collect();
    if series.is_empty() {
        return None;
    }
    let chart = LineChart {
        title: format!("{title} over steps"),
        x: Axis::linear("Step"),
        y: Axis::linear(title),
        series,
        smoothing: None,
    };
    let caption = format!("{title} of the training batches, each before its update, and of the held-out rows, if any.");
    Some(ReportFigure { figure: Figure::from(chart), caption, width: FigureWidth::Half })
}
