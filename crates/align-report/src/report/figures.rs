use super::contents::Numbers;
use crate::figure::{Figure, FigureSize};
use crate::plain_text::PlainText;
use crate::{Drawing, Result};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use maud::{Markup, PreEscaped, html};
use serde::{Deserialize, Serialize};

/// A figure with its caption.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportFigure {
    /// The figure.
    pub figure: Figure,
    /// What it shows, and what its marks and bars mean; a number is put before it.
    pub caption: String,
    /// How much of the page it takes.
    #[serde(default)]
    pub width: FigureWidth,
}

/// How much of a wide page a figure takes; on a narrow one all take the whole width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FigureWidth {
    /// All of it.
    #[default]
    Full,
    /// Half of it, beside another one of half the width.
    Half,
}

/// On a wide page, and in the file that a reader saves.
const WIDE: FigureSize = FigureSize { width: 780, height: 460 };

/// The same figure on a narrow page, laid out anew so that letters keep their size.
const NARROW: FigureSize = FigureSize { width: 360, height: 380 };

/// A figure of half the width.
const HALF: FigureSize = FigureSize { width: 400, height: 290 };

/// A section's figures.
pub(super) fn figures(figures: &[ReportFigure], numbers: &mut Numbers) -> Result<Markup> {
    let drawn: Vec<Markup> = figures.iter().map(|figure| one(figure, numbers)).collect::<Result<_>>()?;
    Ok(html! { div class="figures" { @for figure in drawn { (figure) } } })
}

fn one(figure: &ReportFigure, numbers: &mut Numbers) -> Result<Markup> {
    let number = numbers.next_figure();
    let (class, drawings) = match figure.width {
        FigureWidth::Full => {
            ("full", vec![("wide", figure.figure.draw(WIDE)?), ("narrow", figure.figure.draw(NARROW)?)])
        }
        FigureWidth::Half => ("half", vec![("any", figure.figure.draw(HALF)?)]),
    };
    let saved = drawings.first().map(|(_, drawing)| saved_as(number, drawing));
    Ok(html! {
        figure class=(class) id={ "figure-" (number) } {
            @for (class, drawing) in &drawings {
                div class={ "drawing " (class) } { (PreEscaped(drawing.svg())) }
            }
            figcaption {
                p { b { "Figure " (number) "." } " " (PlainText(&figure.caption)) }
                @if let Some(saved) = saved { (saved) }
            }
        }
    })
}

/// The link by which a reader saves the figure.
fn saved_as(number: usize, drawing: &Drawing) -> Markup {
    let svg = BASE64_STANDARD.encode(drawing.svg());
    html! {
        a class="save" download={ "figure-" (number) ".svg" } href={ "data:image/svg+xml;base64," (svg) } {
            "Save as SVG" span class="unseen" { ": figure " (number) }
        }
    }
}
