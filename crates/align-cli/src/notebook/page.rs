//! The run as a page.

use super::comparison::{Comparison, Measured};
use super::stage::{Stage, Trained};
use crate::Failure;
use crate::report::{entries, training_curves, versions};
use align_metrics::SampleMean;
use align_report::{
    Better, Cell, Column, Configuration, Entry, Estimate, Figure, FigureWidth, Histogram, HistogramGroup,
    HistogramHeight, Report, ReportFigure, RewardedText, Row, Table, TextComparison, TextComparisons,
};
use align_train::{DpoConfig, TrainingRecords};

pub fn page(
    stage: &Stage,
    config: &DpoConfig,
    comparison: &Comparison,
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
    run.extend(entries(stage.options)?);
    // The losses differ in this alone.
    let mut training = entries(config)?;
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
        tables: vec![results(comparison, unit), against_sft(comparison, unit)],
        figures: Vec::new(),
        training: training_curves(&records),
        rewards: rewards(comparison, unit),
        texts: texts(comparison),
        configuration: vec![
            Configuration { title: "Run".to_owned(), entries: run },
            Configuration { title: "Training".to_owned(), entries: training },
        ],
        versions: versions(),
    })
}

fn estimate(e: align_metrics::Estimate) -> Cell {
    Cell::Number(Estimate::new(e.value, e.interval.low, e.interval.high))
}

/// Two standard errors to each side, the 95% interval of a mean of many.
fn mean(mean: SampleMean) -> Cell {
    let reach = 1.96 * mean.standard_error;
    Cell::Number(Estimate::new(mean.value, mean.value - reach, mean.value + reach))
}

fn results(comparison: &Comparison, unit: &str) -> Table {
    let row = |model: &Measured| {
        let report = &model.report;
        Row {
            name: model.name.to_owned(),
            group: String::new(),
            cells: vec![
                report.mean_reward.map_or(Cell::Missing, estimate),
                estimate(report.token_entropy),
                estimate(report.miller_madow_entropy),
                Cell::Number(Estimate::exact(model.chao_wang_jost)),
                Cell::Number(Estimate::exact(report.notebook_entropy.value)),
            ],
        }
    };
    let decimals = |column: Column| Column { decimals: Some(3), ..column };
    let texts = comparison.models.first().map_or(0, |model| model.report.rows);
    Table {
        caption: format!("{texts} texts of each model, of equal length; 95% bootstrap intervals over texts."),
        row_title: "Model".to_owned(),
        columns: vec![
            decimals(Column::new("Mean reward", unit)).with_best(Better::Higher),
            decimals(Column::new("Token entropy", "nats")),
            decimals(Column::new("Miller-Madow corrected", "nats")),
            decimals(Column::new("Chao-Wang-Jost corrected", "nats")),
            decimals(Column::new("Notebook's entropy", "nats")),
        ],
        rows: comparison.models.iter().map(row).collect(),
    }
}

fn against_sft(comparison: &Comparison, unit: &str) -> Table {
    let row = |model: &Measured| {
        let against = model.against_sft.as_ref()?;
        let held_out = against.held_out.map_or(Cell::Missing, |found| estimate(found.mean_difference));
        let (all, won) = (estimate(against.rewards.mean_difference), estimate(against.rewards.win_rate));
        let cells = vec![all, held_out, won, mean(against.kl), mean(against.opposite_kl)];
        Some(Row { name: model.name.to_owned(), group: String::new(), cells })
    };
    Table {
        caption: "Each model beside SFT on equal prompts: 95% bootstrap intervals over prompts; divergences by plain \
                  samples, ± 1.96 standard errors."
            .to_owned(),
        row_title: "Model".to_owned(),
        columns: vec![
            Column::new("Reward gained", unit),
            Column::new("On held-out prompts", unit),
            Column::new("Share of texts won", ""),
            Column::new("KL(model‖SFT)", "nats a text"),
            Column::new("KL(SFT‖model)", "nats a text"),
        ],
        rows: comparison.models.iter().filter_map(row).collect(),
    }
}

fn rewards(comparison: &Comparison, unit: &str) -> Vec<ReportFigure> {
    let Some((sft, trained)) = comparison.split() else { return Vec::new() };
    let group = |model: &Measured| HistogramGroup { name: model.name.to_owned(), values: model.rewards() };
    let figure = |model: &Measured| {
        let histogram = Histogram {
            title: format!("Rewards before and after {}", model.name),
            x: if unit.is_empty() { "Reward".to_owned() } else { format!("Reward ({unit})") },
            height: HistogramHeight::Share,
            groups: vec![group(sft), group(model)],
        };
        let caption = format!("Rewards of the texts before training and after it with {}.", model.name);
        ReportFigure { figure: Figure::from(histogram), caption, width: FigureWidth::Half }
    };
    trained.iter().map(figure).collect()
}

fn texts(comparison: &Comparison) -> Vec<TextComparisons> {
    let Some((sft, trained)) = comparison.split() else { return Vec::new() };
    let rewarded = |text: &align_data::ScoredText| RewardedText { text: text.text.clone(), reward: text.score };
    let of = |model: &Measured| TextComparisons {
        caption: "The first text of each prompt, unchosen.".to_owned(),
        before: sft.name.to_owned(),
        after: model.name.to_owned(),
        rows: sft
            .sampled
            .texts
            .iter()
            .zip(&model.sampled.texts)
            .step_by(comparison.texts_per_prompt)
            .map(|(before, after)| TextComparison {
                prompt: before.prompt.clone(),
                before: rewarded(before),
                after: rewarded(after),
            })
            .collect(),
    };
    trained.iter().map(of).collect()
}
