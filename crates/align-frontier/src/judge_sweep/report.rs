use super::tables::tables;
use super::{JudgeFigures, JudgeFindings, JudgeSweep, JudgedPolicy, JudgedSample, PolicyKind};
use crate::ReportContext;
use align_metrics::Bootstrap;
use align_report::{ComparedText, FigureWidth, Report, ReportFigure, TextComparison, TextComparisons};

/// Number of prompts whose texts are shown side by side.
const COMPARED_PROMPTS: usize = 6;

/// Creates the report of a sweep over rules.
#[must_use]
pub fn judge_report(
    sweep: &JudgeSweep,
    findings: &JudgeFindings,
    figures: &JudgeFigures,
    bootstrap: &Bootstrap,
    context: ReportContext,
) -> Report {
    let full = |figure, caption: String| ReportFigure { figure, caption, width: FigureWidth::Full };
    let texts = sweep.policies.first().map_or(0, |sft| sft.samples.len());
    let judges = figures.judges.iter().map(|(_, _, scatter)| {
        let caption =
            format!("{}. Bars: 95% intervals. Circled points: the Pareto front of these two judges.", scatter.title);
        full(scatter.clone().into(), caption)
    });
    let kl = full(
        figures.score_against_kl.clone().into(),
        "The mean standard score against the KL divergence from SFT (square-root axis). Circled points: the Pareto front of high scores and \
         low divergence."
            .to_owned(),
    );
    let rules = sweep.policies.iter().filter(|policy| matches!(policy.kind, PolicyKind::Rule(_)));
    Report {
        title: "The frontier between judges".to_owned(),
        subtitle: context.subtitle,
        summary: format!(
            "{} judges score the same texts of one model. A policy is trained on the preferences of each judge alone and on those of each \
             rule, from the same weights; soups average the weights of the judges' policies. Each policy is evaluated on {texts} texts with \
             the same prompts and random draws.",
            sweep.judges.len()
        ),
        statements: findings.statements(sweep),
        tables: tables(sweep, findings, bootstrap),
        figures: judges.chain([kl]).collect(),
        texts: rules.map(|policy| compared_texts(sweep, policy, &context.prompts)).collect(),
        configuration: context.configuration,
        versions: context.versions,
        ..Report::default()
    }
}

/// The first texts of SFT and of a policy, on evenly spaced prompts.
fn compared_texts(sweep: &JudgeSweep, policy: &JudgedPolicy, prompts: &[String]) -> TextComparisons {
    let shown = |sample: &JudgedSample| {
        let scores = sweep.judges.iter().zip(&sample.scores).map(|(judge, score)| format!("{judge} {score:.2}"));
        ComparedText { text: format!("{}\n[{}]", sample.text, scores.collect::<Vec<_>>().join(", ")), reward: None }
    };
    let before = sweep.policies.first().map_or(&[][..], |sft| sft.samples.as_slice());
    let every = prompts.len().div_ceil(COMPARED_PROMPTS).max(1);
    let rows = prompts.iter().enumerate().step_by(every).filter_map(|(at, prompt)| {
        let first = |samples: &[JudgedSample]| samples.iter().find(|sample| sample.prompt == at).map(shown);
        Some(TextComparison { prompt: prompt.clone(), before: first(before)?, after: first(&policy.samples)? })
    });
    TextComparisons {
        caption: "The first text of evenly spaced prompts, not selected by hand, with the same random draws and the scores by all judges."
            .to_owned(),
        before: "SFT".to_owned(),
        after: policy.kind.name(&sweep.judges),
        rows: rows.collect(),
    }
}
