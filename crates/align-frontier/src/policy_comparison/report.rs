//! Report tables and figures of the comparison.

use super::{ComparedPolicy, PolicyComparison, TrainedPolicy};
use align_metrics::SampleMean;
use align_report::{
    Better, Cell, Column, Estimate, Figure, FigureWidth, Histogram, HistogramGroup, HistogramHeight, ReportFigure,
    RewardedText, Row, Table, TextComparison, TextComparisons,
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
                "{} texts per model with equal sample sizes; 95% bootstrap intervals over texts.",
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
        Table {
            caption: format!(
                "Each model compared with {name} on the same prompts: 95% bootstrap intervals over prompts; divergences estimated from \
                 unmodified samples, ± 1.96 standard errors."
            ),
            row_title: "Model".to_owned(),
            columns: vec![
                Column::new("Reward difference", unit),
                Column::new("On held-out prompts", unit),
                Column::new("Win rate", ""),
                Column::new(format!("KL(model‖{name})"), "nats per text"),
                Column::new(format!("KL({name}‖model)"), "nats per text"),
            ],
            rows: self.policies.iter().map(difference).collect(),
        }
    }

    /// Histograms of the rewards before and after training, one per trained policy.
    #[must_use]
    pub fn reward_figures(&self, unit: &str) -> Vec<ReportFigure> {
        let group = |of: &ComparedPolicy| HistogramGroup { name: of.name.clone(), values: of.rewards() };
        let figure = |TrainedPolicy { policy, .. }: &TrainedPolicy| {
            let histogram = Histogram {
                title: format!("Rewards before and after {}", policy.name),
                x: if unit.is_empty() { "Reward".to_owned() } else { format!("Reward ({unit})") },
                height: HistogramHeight::Share,
                groups: vec![group(&self.reference), group(policy)],
            };
            let caption = format!("Rewards of the texts before and after training with {}.", policy.name);
            ReportFigure { figure: Figure::from(histogram), caption, width: FigureWidth::Half }
        };
        self.policies.iter().map(figure).collect()
    }

    /// The first text of each prompt before and after training, one list per trained policy.
    #[must_use]
    pub fn text_comparisons(&self) -> Vec<TextComparisons> {
        let rewarded = |text: &align_data::ScoredText| RewardedText { text: text.text.clone(), reward: text.score };
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
    let reach = 1.96 * mean.standard_error;
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

fn difference(trained: &TrainedPolicy) -> Row {
    let held_out = trained.held_out.map_or(Cell::Missing, |found| estimate(found.mean_difference));
    let (all, won) = (estimate(trained.rewards.mean_difference), estimate(trained.rewards.win_rate));
    let cells = vec![all, held_out, won, mean(trained.kl_policy_reference), mean(trained.kl_reference_policy)];
    Row { name: trained.policy.name.clone(), group: String::new(), cells }
}
