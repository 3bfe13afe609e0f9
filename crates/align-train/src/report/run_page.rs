use super::{option_entries, time_table, training_curves, training_note, versions};
use crate::model_card::training_column;
use crate::{ModelCard, RunConfig, RunTime, TrainingRecords};
use align_report::{Cell, Column, Configuration, Entry, Estimate, Report, Row, Table, format_number};
use std::collections::BTreeSet;

/// The report of the run that trained the model of `card`: its curves, its final metrics, its time and its options. `options` are all
/// options of the run, as a JSON object.
#[must_use]
pub fn run_page<C: RunConfig>(
    card: &ModelCard<C>,
    records: &TrainingRecords,
    time: &RunTime,
    options: &serde_json::Value,
) -> Report {
    let methods: Vec<&str> = card.config.methods().iter().map(|method| method.name).collect();
    let held_out = card.eval_data.as_ref().map_or("none", String::as_str);
    let reference = card.ref_model.as_ref().map(|reference| Entry::new("reference model", reference.as_str()));
    let mut run = vec![
        Entry::new("base model", card.base_model.as_str()),
        Entry::new("data", format!("{}, {} rows", card.train_data, card.train_rows)),
        Entry::new("held-out rows", held_out),
        Entry::new("steps", card.steps.to_string()),
    ];
    run.extend(reference);
    let has_held_out = card.eval_data.is_some();
    Report {
        title: format!("{} trained with {}", card.base_model, methods.join(" and ")),
        subtitle: format!("{}, {} rows, {} steps", card.train_data, card.train_rows, card.steps),
        tables: vec![final_metrics(card), time_table(records, card.evaluation.as_ref(), time)],
        training: training_curves(&[(card.base_model.as_str(), records)]),
        training_note: training_note(records, has_held_out),
        choices: Vec::new(),
        configuration: vec![
            Configuration { title: "Run".to_owned(), entries: run },
            Configuration { title: "Options".to_owned(), entries: option_entries(options) },
        ],
        versions: versions(),
        ..Report::default()
    }
}

fn final_metrics<C>(card: &ModelCard<C>) -> Table {
    let (last, held_out) = (card.last_mean.as_ref(), card.evaluation.as_ref());
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
    let held_out = match (&card.eval_data, held_out) {
        (Some(_), Some(_)) => "The held-out rows were evaluated after the last step.",
        (Some(_), None) => "The evaluation of the held-out rows failed.",
        (None, _) => "No held-out data was given.",
    };
    Table {
        caption: format!(
            "Metrics at the end of training: the mean of the last steps, as in metrics.jsonl, each step before its update. {held_out}"
        ),
        row_title: "Metric".to_owned(),
        columns: titles.map(column).collect(),
        rows: ["loss", "grad_norm"].into_iter().chain(names).map(value).collect(),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}
