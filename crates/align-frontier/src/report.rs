use crate::figures::{estimate, with_standard_error};
use crate::findings::name;
use crate::{Figures, Findings, PolicyResult, Sample, Sweep};
use align_metrics::PairedComparison;
use align_report::{
    Better, Cell, Column, Configuration, Entry, Estimate, FigureWidth, Report, ReportFigure, RewardedText, Row, Table,
    TextComparison, TextComparisons,
};

/// Number of prompts whose texts are shown side by side.
const COMPARED_PROMPTS: usize = 8;

/// Contents of a report besides the results.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReportContext {
    /// The line below the title: models and data.
    pub subtitle: String,
    /// The prompts, in their order.
    pub prompts: Vec<String>,
    /// The options of the sweep.
    pub configuration: Vec<Configuration>,
    /// Programs and libraries with their versions.
    pub versions: Vec<Entry>,
}

/// Creates the report of a sweep.
#[must_use]
pub fn report(sweep: &Sweep, findings: &Findings, figures: &Figures, context: ReportContext) -> Report {
    let full = |figure, caption: &str| ReportFigure { figure, caption: caption.to_owned(), width: FigureWidth::Full };
    let half = |figure, caption: String| ReportFigure { figure, caption, width: FigureWidth::Half };
    let texts = sweep.sft.samples.len();
    Report {
        title: "The frontier of reward against divergence and entropy".to_owned(),
        subtitle: context.subtitle.clone(),
        summary: format!(
            "{} training runs of one model from the same weights on the same {} pairs, one run per loss and β. Each run is evaluated \
             on {texts} texts with the same prompts and random draws. Each point in the figures is one run.",
            sweep.points.len(),
            sweep.pairing.pairs
        ),
        statements: findings.statements(sweep),
        tables: vec![results_table(sweep), against_sft(sweep), diversity(sweep)],
        figures: vec![
            full(
                figures.reward_against_kl.clone().into(),
                "Mean reward against the KL divergence from SFT (square-root axis). Bars: 95% intervals, clustered by prompt. \
                 Circled points: the Pareto front of high reward and low divergence.",
            ),
            full(
                figures.reward_against_entropy.clone().into(),
                "Mean reward against token entropy. Bars: 95% intervals, clustered by prompt. Circled points: the Pareto \
                 front of high reward and high entropy.",
            ),
        ],
        training: figures
            .training
            .iter()
            .map(|chart| {
                half(chart.clone().into(), format!("{}, for each loss at its β with the highest reward.", chart.title))
            })
            .collect(),
        rewards: figures.rewards.iter().map(|chart| half(chart.clone().into(), format!("{}.", chart.title))).collect(),
        texts: findings.best.iter().map(|index| compared_texts(sweep, *index, &context.prompts)).collect(),
        configuration: context.configuration,
        versions: context.versions,
    }
}

/// All policies with their names and losses. The model before training comes first.
fn policies(sweep: &Sweep) -> impl Iterator<Item = (String, String, &PolicyResult)> {
    let points = sweep.points.iter().map(|(point, run)| (point.to_string(), point.loss.to_string(), run));
    std::iter::once(("SFT".to_owned(), String::new(), &sweep.sft)).chain(points)
}

/// The table of rewards, divergences and entropies: a row for the model before training, then one per point.
#[must_use]
pub fn results_table(sweep: &Sweep) -> Table {
    let cells = |run: &PolicyResult| {
        let of = &run.evaluation;
        vec![
            Cell::Number(estimate(of.reward)),
            Cell::Number(with_standard_error(of.policy_reference_kl)),
            Cell::Number(with_standard_error(of.reference_policy_kl)),
            Cell::Number(estimate(of.token_entropy)),
        ]
    };
    Table {
        caption: format!(
            "Means over {} texts per policy with 95% intervals, clustered by prompt.",
            sweep.sft.samples.len()
        ),
        row_title: "Policy".to_owned(),
        columns: vec![
            Column::new("Reward", "").with_best(Better::Higher),
            Column::new("KL(policy ‖ SFT)", "nats per text"),
            Column::new("KL(SFT ‖ policy)", "nats per text"),
            Column::new("Token entropy", "nats").with_best(Better::Higher),
        ],
        rows: policies(sweep).map(|(name, group, run)| Row { name, group, cells: cells(run) }).collect(),
    }
}

fn against_sft(sweep: &Sweep) -> Table {
    let cells = |run: &PolicyResult| {
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
        caption: "Comparison with SFT on the same prompts and random draws, and the reward on held-out prompts; 95% intervals, \
                  clustered by prompt."
            .to_owned(),
        row_title: "Policy".to_owned(),
        columns: vec![
            Column::new("Reward difference", ""),
            Column::new("Win rate", ""),
            Column::new("Reward, held-out prompts", "").with_best(Better::Higher),
        ],
        rows: policies(sweep).map(|(name, group, run)| Row { name, group, cells: cells(run) }).collect(),
    }
}

fn diversity(sweep: &Sweep) -> Table {
    let ngrams = || sweep.sft.evaluation.diversity.ngrams.iter();
    let mut columns = vec![Column::new("Corrected entropy", "nats")];
    columns.extend(ngrams().map(|found| Column::new(format!("distinct\u{2011}{}", found.n), "")));
    columns.extend(ngrams().last().map(|found| Column::new(format!("Self-repetition, {}-grams", found.n), "")));
    columns.extend([
        Column::new("Length", "tokens"),
        Column::new("Without EOS", ""),
        Column::new("Log-ratio of chosen", "nats"),
        Column::new("Likelihood displacement", ""),
    ]);
    let cells = |run: &PolicyResult| {
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
        caption:
            "Diversity and length of the completions, and training metrics of the chosen texts, averaged over the last \
                  quarter of training."
                .to_owned(),
        row_title: "Policy".to_owned(),
        columns,
        rows: policies(sweep).map(|(name, group, run)| Row { name, group, cells: cells(run) }).collect(),
    }
}

/// The first texts of SFT and of a point, on evenly spaced prompts.
fn compared_texts(sweep: &Sweep, index: usize, prompts: &[String]) -> TextComparisons {
    let after = sweep.points.get(index).map_or(&[][..], |(_, run)| run.samples.as_slice());
    let rewarded = |sample: &Sample| RewardedText { text: sample.text.clone(), reward: sample.reward };
    let every = prompts.len().div_ceil(COMPARED_PROMPTS).max(1);
    let rows = prompts.iter().enumerate().step_by(every).filter_map(|(at, prompt)| {
        let first = |samples: &[Sample]| samples.iter().find(|sample| sample.prompt == at).map(rewarded);
        Some(TextComparison { prompt: prompt.clone(), before: first(&sweep.sft.samples)?, after: first(after)? })
    });
    TextComparisons {
        caption: "The first text of evenly spaced prompts, not selected by hand, with the same random draws."
            .to_owned(),
        before: "SFT".to_owned(),
        after: name(sweep, index + 1),
        rows: rows.collect(),
    }
}
