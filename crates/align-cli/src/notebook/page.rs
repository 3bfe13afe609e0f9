//! The run as a page.

use super::stage::{Stage, Trained};
use crate::Failure;
use align_frontier::PolicyComparison;
use align_report::{Configuration, Entry, Report};
use align_train::report::{entries, training_curves, versions};
use align_train::{DpoConfig, TrainingRecords};

pub fn page(
    stage: &Stage,
    config: &DpoConfig,
    comparison: &PolicyComparison,
    trained: &[Trained],
    seconds: f64,
) -> Result<Report, Failure> {
    let [policy, judge] = stage.options.called();
    let unit = stage.reward_model.score().unit();
    let losses: Vec<&str> = trained.iter().map(|own| own.name).collect();
    let records: Vec<(&str, &TrainingRecords)> = trained.iter().map(|own| (own.name, &own.records)).collect();
    let mut run = vec![
        Entry::new("model", policy.as_str()),
        Entry::new("reward_model", judge.as_str()),
        Entry::new("score", stage.reward_model.score().to_string()),
        Entry::new("train_data", stage.data(stage.options.train_file.as_deref())),
        Entry::new("seconds", format!("{seconds:.0}")),
    ];
    run.extend(entries(&serde_json::to_value(stage.options)?));
    // The losses differ in this alone.
    let mut training = entries(&serde_json::to_value(config)?);
    training.iter_mut().filter(|entry| entry.name == "loss_type").for_each(|entry| entry.value = losses.join(" / "));
    Ok(Report {
        title: format!("DPO with the {} loss", losses.join(" and the ")),
        subtitle: format!("{policy}, rewarded by {judge}"),
        summary: format!(
            "Texts of {policy} were scored, paired and trained on by DPO; then each model wrote {} texts for each of the same \
             prompts, all of one length.",
            comparison.texts_per_prompt
        ),
        statements: comparison.findings().into_iter().map(|finding| finding + ".").collect(),
        tables: comparison.tables(unit),
        figures: Vec::new(),
        training: training_curves(&records),
        rewards: comparison.reward_figures(unit),
        texts: comparison.text_comparisons(),
        configuration: vec![
            Configuration { title: "Run".to_owned(), entries: run },
            Configuration { title: "Training".to_owned(), entries: training },
        ],
        versions: versions(),
    })
}
