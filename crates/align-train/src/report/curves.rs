use crate::TrainingRecords;
use align_report::{Axis, Figure, FigureWidth, LineChart, LineSeries, ReportFigure};

/// Metrics that have a chart where a run reports them: the name, and what its axis is called.
const CHARTS: [(&str, &str); 7] = [
    ("loss", "Loss"),
    ("rewards/margins", "Reward margin"),
    ("rewards/accuracies", "Reward accuracy"),
    ("log_ratios/chosen", "Log-ratio of chosen texts (nats)"),
    ("log_ratios/rejected", "Log-ratio of rejected texts (nats)"),
    ("mean_token_accuracy", "Token accuracy"),
    ("accuracy", "Accuracy"),
];

/// The curves of runs by name, each metric's in a chart of its own: training rows' and held-out rows'.
#[must_use]
pub fn training_curves(runs: &[(&str, &TrainingRecords)]) -> Vec<ReportFigure> {
    CHARTS.iter().filter_map(|(metric, title)| chart(runs, metric, title)).collect()
}

fn chart(runs: &[(&str, &TrainingRecords)], metric: &str, title: &str) -> Option<ReportFigure> {
    let by_step = |points: Vec<(u64, f64)>| points.into_iter().map(|(step, value)| (step as f64, value)).collect();
    let lines = runs.iter().flat_map(|(name, records)| {
        let (trained, held_out) = (by_step(records.trained(metric)), by_step(records.held_out(metric)));
        let (of_trained, of_held_out) = match runs.len() {
            1 => ("training rows".to_owned(), "held-out rows".to_owned()),
            _ => ((*name).to_owned(), format!("{name}, held-out")),
        };
        [(of_trained, trained), (of_held_out, held_out)]
    });
    // A line without a number to draw would be refused.
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
    let caption = format!("{title}: of the training batches, each before its step, and of the held-out rows if any.");
    Some(ReportFigure { figure: Figure::from(chart), caption, width: FigureWidth::Half })
}
