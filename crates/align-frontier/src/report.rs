use crate::figures::{estimate, with_standard_error};
use crate::findings::name;
use crate::{Figures, Findings, Measured, Sample, Sweep};
use align_metrics::PairedComparison;
use align_report::{
    Better, Cell, Column, Configuration, Entry, Estimate, FigureWidth, Report, ReportFigure, RewardedText, Row, Table,
    TextComparison, TextComparisons,
};

/// Prompts whose texts are shown side by side.
const COMPARED: usize = 8;

/// What a report says that is not in the results.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReportContext {
    /// A line under the title: the models, the data.
    pub subtitle: String,
    /// The prompts, in their order.
    pub prompts: Vec<String>,
    /// The options.
    pub configuration: Vec<Configuration>,
    /// Programs and libraries with their versions.
    pub versions: Vec<Entry>,
}

/// A sweep's report.
#[must_use]
pub fn report(sweep: &Sweep, findings: &Findings, figures: &Figures, context: ReportContext) -> Report {
    let full = |figure, caption: &str| ReportFigure { figure, caption: caption.to_owned(), width: FigureWidth::Full };
    let half = |figure, caption: String| ReportFigure { figure, caption, width: FigureWidth::Half };
    let texts = sweep.sft.samples.len();
    Report {
        title: "The frontier of reward against divergence and entropy".to_owned(),
        subtitle: context.subtitle.clone(),
        summary: format!(
            "One model, {} training runs from the same weights on the same {} pairs, one a loss and β, each judged by \
             {texts} texts on the same prompts and draws. Each point of the figures is a run.",
            sweep.points.len(),
            sweep.pairing.pairs
        ),
        statements: findings.statements(sweep),
        tables: vec![results(sweep), against_sft(sweep), variety(sweep)],
        figures: vec![
            full(
                figures.reward_against_kl.clone().into(),
                "Mean reward against the KL divergence from SFT, on an axis of square roots. Bars: 95% intervals by prompts. \
                 Ringed: the Pareto front of high reward and low divergence.",
            ),
            full(
                figures.reward_against_entropy.clone().into(),
                "Mean reward against token entropy. Bars: 95% intervals by prompts. Ringed: the Pareto front of high \
                 reward and high entropy.",
            ),
        ],
        training: figures
            .training
            .iter()
            .map(|chart| {
                half(chart.clone().into(), format!("{}, at the β of each loss's highest reward.", chart.title))
            })
            .collect(),
        rewards: figures.rewards.iter().map(|chart| half(chart.clone().into(), format!("{}.", chart.title))).collect(),
        texts: findings.best.iter().map(|place| side_by_side(sweep, *place, &context.prompts)).collect(),
        configuration: context.configuration,
        versions: context.versions,
    }
}

/// The policies of a sweep with their names and losses, the model before training first.
fn policies(sweep: &Sweep) -> impl Iterator<Item = (String, String, &Measured)> {
    let points = sweep.points.iter().map(|(point, run)| (point.to_string(), point.loss.to_string(), run));
    std::iter::once(("SFT".to_owned(), String::new(), &sweep.sft)).chain(points)
}

fn results(sweep: &Sweep) -> Table {
    let cells = |run: &Measured| {
        let of = &run.evaluation;
        vec![
            Cell::Number(estimate(of.reward)),
            Cell::Number(with_standard_error(of.policy_reference_kl)),
            Cell::Number(with_standard_error(of.reference_policy_kl)),
            Cell::Number(estimate(of.token_entropy)),
        ]
    };
    Table {
        caption: format!("Means over {} texts a policy, with 95% intervals by prompts.", sweep.sft.samples.len()),
        row_title: "Policy".to_owned(),
        columns: vec![
            Column::new("Reward", "").with_best(Better::Higher),
            Column::new("KL(policy ‖ SFT)", "nats a text"),
            Column::new("KL(SFT ‖ policy)", "nats a text"),
            Column::new("Token entropy", "nats").with_best(Better::Higher),
        ],
        rows: policies(sweep).map(|(name, group, run)| Row { name, group, cells: cells(run) }).collect(),
    }
}

fn against_sft(sweep: &Sweep) -> Table {
    let cells = |run: &Measured| {
        let of = &run.evaluation;
        let against = |number: fn(&PairedComparison) -> align_metrics::Estimate| {
            of.against_reference.as_ref().map_or(Cell::Missing, |found| Cell::Number(estimate(number(found))))
        };
        vec![
            against(|found| found.mean_difference),
            against(|found| found.win_rate),
            of.held_out_reward.map_or(Cell::Missing, |reward| Cell::Number(estimate(reward))),
        ]
    };
    Table {
        caption: "Beside SFT on the same prompts and draws, and the reward on the prompts that no pair was of; 95% intervals by \
                  prompts."
            .to_owned(),
        row_title: "Policy".to_owned(),
        columns: vec![
            Column::new("Reward gained", ""),
            Column::new("Win rate", ""),
            Column::new("Reward, held-out prompts", "").with_best(Better::Higher),
        ],
        rows: policies(sweep).map(|(name, group, run)| Row { name, group, cells: cells(run) }).collect(),
    }
}

fn variety(sweep: &Sweep) -> Table {
    let ngrams = || sweep.sft.evaluation.diversity.ngrams.iter();
    let mut columns = vec![Column::new("Corrected entropy", "nats")];
    columns.extend(ngrams().map(|found| Column::new(format!("distinct\u{2011}{}", found.n), "")));
    columns.extend(ngrams().last().map(|found| Column::new(format!("Self-repetition, {}-grams", found.n), "")));
    columns.extend([
        Column::new("Length", "tokens"),
        Column::new("Without end", ""),
        Column::new("Log-ratio of chosen", "nats"),
        Column::new("Likelihood displacement", ""),
    ]);
    let cells = |run: &Measured| {
        let (of, last) = (&run.evaluation, run.last_quarter());
        let number = |value: Option<f64>| value.map_or(Cell::Missing, |value| Cell::Number(Estimate::exact(value)));
        let mut cells = vec![number(Some(of.corrected_token_entropy))];
        cells.extend(of.diversity.ngrams.iter().map(|found| number(Some(found.distinct))));
        cells.extend(of.diversity.ngrams.last().map(|found| number(Some(found.self_repetition()))));
        cells.push(number(Some(of.diversity.mean_length)));
        cells.push(number(of.diversity.unfinished));
        cells.push(number(last.metrics.get("log_ratios/chosen")));
        cells.push(number(last.metrics.get("likelihood_displacement")));
        cells
    };
    Table {
        caption: "Variety and length of the tokens behind the prompts, and the mean over the last quarter of training of what \
                  became of the chosen texts."
            .to_owned(),
        row_title: "Policy".to_owned(),
        columns,
        rows: policies(sweep).map(|(name, group, run)| Row { name, group, cells: cells(run) }).collect(),
    }
}

/// The first texts of SFT and of a point, on prompts spread over all.
fn side_by_side(sweep: &Sweep, place: usize, prompts: &[String]) -> TextComparisons {
    let after = sweep.points.get(place).map_or(&[][..], |(_, run)| run.samples.as_slice());
    let rewarded = |sample: &Sample| RewardedText { text: sample.text.clone(), reward: sample.reward };
    let every = prompts.len().div_ceil(COMPARED).max(1);
    let rows = prompts.iter().enumerate().step_by(every).filter_map(|(at, prompt)| {
        let first = |samples: &[Sample]| samples.iter().find(|sample| sample.prompt == at).map(rewarded);
        Some(TextComparison { prompt: prompt.clone(), before: first(&sweep.sft.samples)?, after: first(after)? })
    });
    TextComparisons {
        caption: "The first text of every so many prompts, not chosen, with the same draws.".to_owned(),
        before: "SFT".to_owned(),
        after: name(sweep, place + 1),
        rows: rows.collect(),
    }
}
