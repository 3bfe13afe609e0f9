use crate::findings::name;
use crate::report_tables::tables;
use crate::{Figures, Findings, Sample, Sweep};
use align_report::{
    ComparedText, Configuration, Entry, FigureWidth, Report, ReportFigure, TextComparison, TextComparisons,
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
        tables: tables(sweep, findings),
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
                half(chart.clone().into(), format!("{} at each step, for each loss at its β with the highest reward.", chart.title))
            })
            .collect(),
        training_note: "The curves are those of the training pairs. The held-out prompts have no pairs: the texts of the trained policies \
                        are evaluated instead."
            .to_owned(),
        rewards: figures.rewards.iter().map(|chart| half(chart.clone().into(), format!("{}. Lines: the means.", chart.title))).collect(),
        texts: findings.best.iter().map(|index| compared_texts(sweep, *index, &context.prompts)).collect(),
        choices: Vec::new(),
        configuration: context.configuration,
        versions: context.versions,
    }
}

/// The first texts of SFT and of a point, on evenly spaced prompts.
fn compared_texts(sweep: &Sweep, index: usize, prompts: &[String]) -> TextComparisons {
    let after = sweep.points.get(index).map_or(&[][..], |(_, run)| run.samples.as_slice());
    let rewarded = |sample: &Sample| ComparedText { text: sample.text.clone(), reward: Some(sample.reward) };
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
