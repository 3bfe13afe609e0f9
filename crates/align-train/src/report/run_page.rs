use super::{option_entries, training_curves, versions};
use crate::{EvaluationRecord, ModelCard, RunConfig, StepRecord, TrainingRecords};
use align_report::{Cell, Column, Configuration, Entry, Estimate, Report, Row, Table};
use std::collections::BTreeSet;

/// The report of the run that trained the model of `card`: its curves, its final metrics and its options. `options` are all options of
/// the run, as a JSON object.
#[must_use]
pub fn run_page(card: &ModelCard<impl RunConfig>, records: &TrainingRecords, options: &serde_json::Value) -> Report {
    let methods: Vec<&str> = card.config.methods().iter().map(|method| method.name).collect();
    let held_out = card.evaluation.as_ref().map(|(_, data)| Entry::new("held-out rows", data.as_str()));
    let reference = card.ref_model.as_ref().map(|reference| Entry::new("reference model", reference.as_str()));
    let mut run = vec![
        Entry::new("base model", card.base_model.as_str()),
        Entry::new("data", format!("{}, {} rows", card.train_data, card.train_rows)),
        Entry::new("steps", card.steps.to_string()),
    ];
    run.extend(reference.into_iter().chain(held_out));
    Report {
        title: format!("{} trained with {}", card.base_model, methods.join(" and ")),
        subtitle: format!("{}, {} rows, {} steps", card.train_data, card.train_rows, card.steps),
        tables: vec![final_metrics(card.last_step.as_ref(), card.evaluation.as_ref().map(|(record, _)| record))],
        training: training_curves(&[(card.base_model.as_str(), records)]),
        configuration: vec![
            Configuration { title: "Run".to_owned(), entries: run },
            Configuration { title: "Options".to_owned(), entries: option_entries(options) },
        ],
        versions: versions(),
        ..Report::default()
    }
}

fn final_metrics(step: Option<&StepRecord>, held_out: Option<&EvaluationRecord>) -> Table {
    let cell = |value: Option<f64>| match value {
        Some(value) if value.is_finite() => Cell::Number(Estimate::exact(value)),
        Some(value) => Cell::Text(value.to_string()),
        None => Cell::Missing,
    };
    let row = |name: &str, of_step: Option<f64>, of_held_out: Option<f64>| {
        let cells = std::iter::once(cell(of_step)).chain(held_out.map(|_| cell(of_held_out))).collect();
        Row { name: name.to_owned(), group: String::new(), cells }
    };
    let of_step = step.iter().flat_map(|record| record.metrics.iter());
    let names: BTreeSet<&str> =
        of_step.chain(held_out.iter().flat_map(|record| record.metrics.iter())).map(|(name, _)| name).collect();
    let mut rows = vec![row("loss", step.map(|record| record.loss), held_out.map(|record| record.eval_loss))];
    rows.extend(names.into_iter().map(|name| {
        row(name, step.and_then(|record| record.metrics.get(name)), held_out.and_then(|record| record.get(name)))
    }));
    let column = |title: &str| Column { decimals: Some(4), ..Column::new(title, "") };
    let titles = std::iter::once("Last training step").chain(held_out.map(|_| "Held-out rows"));
    Table {
        caption: "Metrics of the last training step, before its update, and of the held-out rows at the end, if any."
            .to_owned(),
        row_title: "Metric".to_owned(),
        columns: titles.map(column).collect(),
        rows,
    }
}
