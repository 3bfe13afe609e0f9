use super::{JudgeFindings, JudgeSweep, judge_csv, judge_figures, judge_report};
use crate::write_outputs::write_figure;
use crate::{ReportContext, Result, SweepFolder};
use align_metrics::Bootstrap;

/// Writes `frontier.csv`, the figures as SVG (and as PNG with the feature `png`), and `report.html` into the sweep's folder.
///
/// The figure of the first two judges is `judges_1_2.svg`.
///
/// # Errors
/// When a file of one of these names was not written by the sweep, a figure cannot be drawn, or a file cannot be written.
pub fn write_judge_outputs(
    folder: &SweepFolder,
    sweep: &JudgeSweep,
    findings: &JudgeFindings,
    bootstrap: &Bootstrap,
    context: ReportContext,
) -> Result<()> {
    let figures = judge_figures(sweep);
    folder.write_output("frontier.csv", judge_csv(sweep, findings).as_bytes())?;
    for (first, second, scatter) in &figures.judges {
        write_figure(folder, &format!("judges_{}_{}", first + 1, second + 1), scatter.clone().into())?;
    }
    write_figure(folder, "score_against_kl", figures.score_against_kl.clone().into())?;
    let page = judge_report(sweep, findings, &figures, bootstrap, context).to_html()?;
    folder.write_output("report.html", page.as_bytes())
}
