//! Report tables and figures of the comparison.

use super::{ComparedPolicy, PolicyComparison, PolicyPair, TrainedPolicy};
use crate::figures::NORMAL_95;
use align_metrics::SampleMean;
use align_report::{
    Better, Cell, Column, ComparedText, Estimate, Figure, FigureWidth, Histogram, HistogramGroup, HistogramHeight,
    ReportFigure, Row, SeriesColour, Table, TextComparison, TextComparisons,
};

impl PolicyComparison {
    /// The table of entropies and mean rewards, and the table of differences from the reference. `unit` is the unit of
    /// rewards.
    #[must_use]
    pub fn tables(&self, unit: &str) -> Vec<Table> {
        vec![self.results(unit), self.differences(unit)]
    }

    fn results(&self, unit: &str) -> Table {
        let decimals = |column: Column| Column { decimals: Some(3), ..column };
        Table {
            caption: format!(
                "{} texts per model with equal sample sizes. Bootstrap intervals over texts.",
                self.reference.report.rows
            ),
            row_title: "Model".to_owned(),
            columns: vec![
                decimals(Column::new("Mean reward", unit)).with_best(Better::Higher),
                decimals(Column::new("Token entropy", "nats")),
                decimals(Column::new("Miller-Madow corrected", "nats")),
                decimals(Column::new("Chao-Wang-Jost corrected", "nats")),
                decimals(Column::new("Notebook's entropy", "nats")),
            ],
            rows: self.all().map(result).collect(),
        }
    }

    fn differences(&self, unit: &str) -> Table {
        let name = &self.reference.name;
        let has_held_out = self.policies.iter().any(|trained| trained.held_out.is_some());
        let mut columns = vec![Column::new("Reward difference", unit)];
        let held_out = match has_held_out {
            true => {
                columns.push(Column::new("On held-out prompts", unit));
                "The held-out prompts have no training pairs."
            }
            false => "No prompts are known to be held out of training.",
        };
        columns.extend([
            Column::new("Win rate", ""),
            Column::new(format!("KL(model‖{name})"), "nats per text"),
            Column::new(format!("KL({name}‖model)"), "nats per text"),
        ]);
        let rows = self.policies.iter().map(|trained| difference(trained, name, has_held_out));
        Table {
            caption: format!(
                "Each model compared with {name}, and the models with each other, on the same prompts. Bootstrap intervals over prompts, \
                 normal ones for divergences, which are estimated from unmodified samples. {held_out}"
            ),
            row_title: "Models".to_owned(),
            columns,
            rows: rows.chain(self.pairs.iter().map(|pair| pair_difference(pair, has_held_out))).collect(),
        }
    }

    /// Histograms of the rewards before and after training, one per trained policy.
    #[must_use]
    pub fn reward_figures(&self, unit: &str) -> Vec<ReportFigure> {
        let group = |of: &ComparedPolicy| HistogramGroup::new(of.name.clone(), of.rewards());
        let figure = |TrainedPolicy { policy, .. }: &TrainedPolicy| {
            let histogram = Histogram {
                title: format!("Rewards before and after {}", policy.name),
                x: if unit.is_empty() { "Reward".to_owned() } else { format!("Reward ({unit})") },
                height: HistogramHeight::Share,
                groups: vec![group(&self.reference).with_colour(SeriesColour::Baseline), group(policy)],
            };
            let caption = format!("Rewards of the texts before and after training with {}.", policy.name);
            ReportFigure { figure: Figure::from(histogram), caption, width: FigureWidth::Half }
        };
        self.policies.iter().map(figure).collect()
    }

    /// The first text of each prompt before and after training, one list per trained policy.
    #[must_use]
    pub fn text_comparisons(&self) -> Vec<TextComparisons> {
        let rewarded =
            |text: &align_data::ScoredText| ComparedText { text: text.text.clone(), reward: Some(text.score) };
        let of = |TrainedPolicy { policy, .. }: &TrainedPolicy| TextComparisons {
            caption: "The first text of each prompt, not selected by hand.".to_owned(),
            before: self.reference.name.clone(),
            after: policy.name.clone(),
            rows: (self.reference.texts.iter().zip(&policy.texts))
                .step_by(self.texts_per_prompt.max(1))
                .map(|(before, after)| TextComparison {
                    prompt: before.prompt.clone(),
                    before: rewarded(before),
                    after: rewarded(after),
                })
                .collect(),
        };
        self.policies.iter().map(of).collect()
    }
}

fn estimate(e: align_metrics::Estimate) -> Cell {
    Cell::Number(Estimate::new(e.value, e.interval.low, e.interval.high))
}

/// A mean with its normal 95% interval.
fn mean(mean: SampleMean) -> Cell {
    let reach = NORMAL_95 * mean.standard_error;
    Cell::Number(Estimate::new(mean.value, mean.value - reach, mean.value + reach))
}

fn result(policy: &ComparedPolicy) -> Row {
    let report = &policy.report;
    Row {
        name: policy.name.clone(),
        group: String::new(),
        cells: vec![
            report.mean_reward.map_or(Cell::Missing, estimate),
            estimate(report.token_entropy),
            estimate(report.miller_madow_entropy),
            Cell::Number(Estimate::exact(policy.chao_wang_jost)),
            Cell::Number(Estimate::exact(report.notebook_entropy.value)),
        ],
    }
}

fn difference(trained: &TrainedPolicy, reference: &str, has_held_out: bool) -> Row {
    let mut cells = vec![estimate(trained.rewards.mean_difference)];
    if has_held_out {
        cells.push(trained.held_out.map_or(Cell::Missing, |found| estimate(found.mean_difference)));
    }
    cells.extend([
        estimate(trained.rewards.win_rate),
        mean(trained.kl_policy_reference),
        mean(trained.kl_reference_policy),
    ]);
    Row { name: format!("{} − {reference}", trained.policy.name), group: String::new(), cells }
}

/// The row of two trained policies.
fn pair_difference(PolicyPair { above, below, rewards }: &PolicyPair, has_held_out: bool) -> Row {
    let mut cells = vec![estimate(rewards.paired.mean_difference)];
    cells.extend(has_held_out.then_some(Cell::Missing));
    cells.extend([estimate(rewards.paired.win_rate), Cell::Missing, Cell::Missing]);
    Row { name: format!("{above} − {below}"), group: "pairs".to_owned(), cells }
}
