//! Writes the output files of a finished sweep.

use crate::{Findings, ReportContext, Result, Sweep, SweepFolder, csv, figures, report};
use align_report::{Figure, FigureSize};

/// Resolution of the PNG figures.
#[cfg(feature = "png")]
const DOTS_PER_INCH: u32 = 300;

/// Writes `frontier.csv`, the figures as SVG (and as PNG with the feature `png`), and `report.html` into the sweep's folder.
///
/// # Errors
/// When a file of one of these names was not written by the sweep, a figure cannot be drawn, or a file cannot be
/// written.
pub fn write_outputs(folder: &SweepFolder, sweep: &Sweep, findings: &Findings, context: ReportContext) -> Result<()> {
    let drawn = figures(sweep, &findings.best);
    folder.write_output("frontier.csv", csv(sweep, findings).as_bytes())?;
    for (name, scatter) in
        [("reward_against_kl", &drawn.reward_against_kl), ("reward_against_entropy", &drawn.reward_against_entropy)]
    {
        write_figure(folder, name, scatter.clone().into())?;
    }
    let page = report(sweep, findings, &drawn, context).to_html()?;
    folder.write_output("report.html", page.as_bytes())
}

/// Writes a figure as SVG, and as PNG with the feature `png`.
pub(crate) fn write_figure(folder: &SweepFolder, name: &str, figure: Figure) -> Result<()> {
    let drawing = figure.draw(FigureSize::default())?;
    folder.write_output(&format!("{name}.svg"), drawing.svg().as_bytes())?;
    #[cfg(feature = "png")]
    folder.write_output(&format!("{name}.png"), &drawing.png(DOTS_PER_INCH)?)?;
    Ok(())
}
