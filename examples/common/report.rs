//! Training records as the parts of an HTML report.

use super::Failure;
use align_report::{Axis, Entry, Figure, FigureWidth, LineChart, LineSeries, ReportFigure};
use align_train::{EvaluationRecord, Flow, Objective, Observer, StepRecord, Trainer};
use serde::Serialize;
use serde_json::Value;

/// All records of a run, as they come.
#[derive(Default)]
pub struct TrainingRecords {
    steps: Vec<StepRecord>,
    evaluations: Vec<EvaluationRecord>,
}

impl<O: Objective> Observer<O> for TrainingRecords {
    fn on_step(&mut self, _: &Trainer<O>, record: &StepRecord) -> align_train::Result<Flow> {
        self.steps.push(record.clone());
        Ok(Flow::Continue)
    }

    fn on_evaluation(&mut self, _: &Trainer<O>, record: &EvaluationRecord) -> align_train::Result<Flow> {
        self.evaluations.push(record.clone());
        Ok(Flow::Continue)
    }
}

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

impl TrainingRecords {
    fn trained(&self, metric: &str) -> Vec<(f64, f64)> {
        let value = |record: &StepRecord| match metric {
            "loss" => Some(record.loss),
            name => record.metrics.get(name),
        };
        self.steps.iter().filter_map(|record| Some((record.step as f64, value(record)?))).collect()
    }

    fn held_out(&self, metric: &str) -> Vec<(f64, f64)> {
        let mut points: Vec<(f64, f64)> =
            self.evaluations.iter().filter_map(|record| Some((record.step as f64, record.get(metric)?))).collect();
        // The last step's evaluation may have been repeated.
        points.dedup_by_key(|(step, _)| *step);
        points
    }
}

/// The curves of runs by name, each metric's in a chart of its own: training rows' and held-out rows'.
pub fn training_curves(runs: &[(&str, &TrainingRecords)]) -> Vec<ReportFigure> {
    CHARTS.iter().filter_map(|(metric, title)| chart(runs, metric, title)).collect()
}

fn chart(runs: &[(&str, &TrainingRecords)], metric: &str, title: &str) -> Option<ReportFigure> {
    let lines = runs.iter().flat_map(|(name, records)| {
        [((*name).to_owned(), records.trained(metric)), (format!("{name}, held-out"), records.held_out(metric))]
    });
    // A line without a number to draw would be refused.
    let drawn = lines.filter(|(_, points)| points.iter().any(|(_, value)| value.is_finite()));
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
    let caption = format!("{title}: of each step's batch before the step, and of the held-out rows.");
    Some(ReportFigure { figure: Figure::from(chart), caption, width: FigureWidth::Half })
}

/// Options under their names; what is not set is left out.
pub fn entries(options: &impl Serialize) -> Result<Vec<Entry>, Failure> {
    let Value::Object(options) = serde_json::to_value(options)? else { return Ok(Vec::new()) };
    let shown = |value: Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        Value::Array(values) => {
            Some(values.iter().map(|v| v.as_str().map_or_else(|| v.to_string(), String::from)).collect::<Vec<_>>())
                .map(|values| values.join(", "))
        }
        value => Some(value.to_string()),
    };
    Ok(options.into_iter().filter_map(|(name, value)| Some(Entry::new(name, shown(value)?))).collect())
}

/// What computed the results.
pub fn versions() -> Vec<Entry> {
    vec![
        Entry::new("align", env!("CARGO_PKG_VERSION")),
        Entry::new("LibTorch", align_torch::LIBTORCH_VERSION),
        Entry::new("processor", format!("{}, {} threads", std::env::consts::ARCH, tch::get_num_threads())),
    ]
}
