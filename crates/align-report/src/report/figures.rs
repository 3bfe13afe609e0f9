use super::sections::Numbering;
use crate::escaped_text::EscapedText;
use crate::figure::{Figure, FigureSize, SeriesOrder};
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
    /// The caption: what the figure, its markers and error bars show. A number is prepended.
    pub caption: String,
    /// The width on the page.
    #[serde(default)]
    pub width: FigureWidth,
}

/// The width of a figure on a wide page. On a narrow page, all figures have the full width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FigureWidth {
    /// The full width.
    #[default]
    Full,
    /// Half the width, next to another figure of half width.
    Half,
}

/// Size on a wide page and in the saved file.
const WIDE: FigureSize = FigureSize { width: 780, height: 460 };

/// Size on a narrow page. The figure is laid out again so that the text size stays the same.
const NARROW: FigureSize = FigureSize { width: 360, height: 380 };

/// Size of a figure of half width.
const HALF: FigureSize = FigureSize { width: 400, height: 290 };

/// The figures of a section.
pub(super) fn figures(figures: &[ReportFigure], numbers: &mut Numbering, order: &SeriesOrder) -> Result<Markup> {
    let drawn: Vec<Markup> = figures.iter().map(|figure| figure_html(figure, numbers, order)).collect::<Result<_>>()?;
    Ok(html! { div class="figures" { @for figure in drawn { (figure) } } })
}

fn figure_html(figure: &ReportFigure, numbers: &mut Numbering, order: &SeriesOrder) -> Result<Markup> {
    let draw = |size| figure.figure.draw_in(size, order);
    let number = numbers.next_figure();
    let (class, drawings) = match figure.width {
        FigureWidth::Full => ("full", vec![("wide", draw(WIDE)?), ("narrow", draw(NARROW)?)]),
        FigureWidth::Half => ("half", vec![("any", draw(HALF)?)]),
    };
    let saved = drawings.first().map(|(_, drawing)| save_link(number, drawing));
    Ok(html! {
        figure class=(class) id={ "figure-" (number) } {
            @for (class, drawing) in &drawings {
                div class={ "drawing " (class) } {
                    (PreEscaped(drawing.svg()))
                    @if !drawing.omitted_labels().is_empty() {
                        p class="remark" {
                            "No room for the labels of " (EscapedText(&drawing.omitted_labels().join("; "))) "."
                        }
                    }
                }
            }
            figcaption {
                p { b { "Figure " (number) "." } " " (EscapedText(&figure.caption)) }
                @if let Some(saved) = saved { (saved) }
            }
        }
    })
}

/// The link for saving a figure.
fn save_link(number: usize, drawing: &Drawing) -> Markup {
    let svg = BASE64_STANDARD.encode(drawing.svg());
    html! {
        a class="save" download={ "figure-" (number) ".svg" } href={ "data:image/svg+xml;base64," (svg) } {
            "Save as SVG" span class="unseen" { ": figure " (number) }
        }
    }
}
