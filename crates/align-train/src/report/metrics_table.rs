//! The table of a run's last metrics.

use crate::model_card::training_column;
use crate::{EvaluationRecord, StepMean};
use align_report::{Cell, Column, Estimate, Row, Table, format_number};
use std::collections::BTreeSet;

/// The metrics of the last steps, and of an evaluation if there is one.
pub(super) fn metrics_table(last: Option<&StepMean>, held_out: Option<&EvaluationRecord>, caption: String) -> Table {
    let cell = |value: Option<f64>| match value {
        Some(value) if value.is_finite() => Cell::Number(Estimate::exact(value)),
        Some(value) => Cell::Text(format_number(value, 4)),
        None => Cell::Missing,
    };
    let value = |name: &str| {
        let of_steps = cell(last.and_then(|last| last.mean.get(name)));
        let cells = std::iter::once(of_steps).chain(held_out.map(|record| cell(record.get(name))));
        Row { name: name.to_owned(), group: String::new(), cells: cells.collect() }
    };
    let of_steps = last.iter().flat_map(|last| last.mean.metrics.iter());
    let of_held_out = held_out.iter().flat_map(|record| record.metrics.iter());
    let names: BTreeSet<&str> = of_steps.chain(of_held_out).map(|(name, _)| name).collect();
    let column = |title: String| Column { decimals: Some(4), ..Column::new(title, "") };
    let steps = last.map_or("Training".to_owned(), |last| capitalised(&training_column(last)));
    let titles = std::iter::once(steps).chain(held_out.map(|_| "Held-out rows".to_owned()));
    Table {
        caption,
        row_title: "Metric".to_owned(),
        columns: titles.map(column).collect(),
        rows: ["loss", "grad_norm"].into_iter().chain(names).map(value).collect(),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}
