use super::metrics_table::metrics_table;
use super::{option_entries, time_table, training_curves, training_note, versions};
use crate::{ModelCard, RunConfig, RunTime, TrainingRecords};
use align_report::{Configuration, Entry, Report, Table};

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
    let held_out = match (&card.eval_data, &card.evaluation) {
        (Some(_), Some(_)) => "The held-out rows were evaluated after the last step.",
        (Some(_), None) => "The evaluation of the held-out rows failed.",
        (None, _) => "No held-out data was given.",
    };
    let caption = format!(
        "Metrics at the end of training: the mean of the last steps, as in metrics.jsonl, each step before its update. {held_out}"
    );
    metrics_table(card.last_mean.as_ref(), card.evaluation.as_ref(), caption)
}
