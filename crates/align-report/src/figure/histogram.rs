use super::axis::{Axis, Range, Scale};
use super::bins::Bins;
use super::canvas::Canvas;
use super::frame::Frame;
use super::legend::{LegendEntry, LegendSymbol};
use super::marker;
use super::series_style::{SeriesColour, SeriesOrder, SeriesStyle};
use crate::escaped_text::EscapedText;
use crate::estimate::check_number;
use crate::number::{format_number, short};
use crate::{Error, Result};
use maud::html;
use serde::{Deserialize, Serialize};

/// Overlaid histograms, for example of rewards before and after training. A line marks the mean of each group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Histogram {
    /// The title for screen readers. It is not drawn.
    pub title: String,
    /// The title of the horizontal axis, with its unit.
    pub x: String,
    /// The meaning of the bar heights.
    #[serde(default)]
    pub height: HistogramHeight,
    /// The groups, from back to front.
    pub groups: Vec<HistogramGroup>,
}

/// The meaning of the bar heights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HistogramHeight {
    /// The percentage of the group's values, so that groups of different sizes are comparable.
    #[default]
    Share,
    /// The number of values.
    Count,
}

/// The values of one group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistogramGroup {
    /// The group's name in the legend.
    pub name: String,
    /// The values, which must be finite.
    pub values: Vec<f64>,
    /// What the group takes its colour from.
    #[serde(default)]
    pub colour: SeriesColour,
}

impl HistogramGroup {
    /// Creates a group.
    #[must_use]
    pub fn new(name: impl Into<String>, values: Vec<f64>) -> Self {
        Self { name: name.into(), values, colour: SeriesColour::default() }
    }

    /// Sets what the group takes its colour from.
    #[must_use]
    pub fn with_colour(self, colour: SeriesColour) -> Self {
        Self { colour, ..self }
    }
}

impl Histogram {
    pub(super) fn check(&self) -> Result<()> {
        let place = || format!("figure {:?}", self.title);
        if self.groups.is_empty() {
            return Err(Error::Empty { place: place(), expected: "at least one group" });
        }
        for group in &self.groups {
            let place = || format!("{}, group {:?}", place(), group.name);
            if group.values.is_empty() {
                return Err(Error::Empty { place: place(), expected: "at least one value" });
            }
            for (i, value) in group.values.iter().enumerate() {
                check_number(*value, || format!("{}, value {}", place(), i + 1), "value")?;
            }
        }
        Ok(())
    }

    /// Draws the histogram and returns the description.
    pub(super) fn draw(&self, canvas: &mut Canvas, order: &SeriesOrder) -> String {
        let all: Vec<f64> = self.groups.iter().flat_map(|group| &group.values).copied().collect();
        let bins = Bins::of(&all);
        let heights: Vec<Vec<f64>> = self.groups.iter().map(|group| self.heights(&bins, group)).collect();
        let highest = heights.iter().flatten().copied().fold(0.0, f64::max);

        let x = Range { scale: Scale::Linear, low: bins.edge(0), high: bins.edge(bins.count) }.padded(0.02, 0.02);
        let y = Range { scale: Scale::Linear, low: 0.0, high: highest }.padded(0.0, 0.06);
        let y_axis = Axis::linear(match self.height {
            HistogramHeight::Share => "Share of texts (%)",
            HistogramHeight::Count => "Number of texts",
        });
        let style = |group: &HistogramGroup| order.style(&group.name, &group.colour);
        let entries = self
            .groups
            .iter()
            .map(|group| LegendEntry { symbol: LegendSymbol::Bars { style: style(group) }, text: describe(group) });
        let frame = Frame::draw(canvas, (&self.x, x), (&y_axis.title, y), entries.collect());
        for (group, heights) in self.groups.iter().zip(&heights) {
            draw_group(canvas, style(group), group, &outline(&bins, heights, &frame), &frame);
        }
        let descriptions: Vec<String> = self.groups.iter().map(describe).collect();
        let width = short(bins.edge(1) - bins.edge(0));
        format!("{} of {}, in bins {width} wide. {}.", y_axis.title, self.x, descriptions.join("; "))
    }

    fn heights(&self, bins: &Bins, group: &HistogramGroup) -> Vec<f64> {
        let unit = match self.height {
            HistogramHeight::Share => 100.0 / group.values.len().max(1) as f64,
            HistogramHeight::Count => 1.0,
        };
        bins.counts(&group.values).into_iter().map(|count| count as f64 * unit).collect()
    }
}

/// The outline of a group in pixels: from the axis over the bars, from the first to the last non-empty bin, and back to
/// the axis.
fn outline(bins: &Bins, heights: &[f64], frame: &Frame) -> Vec<(f64, f64)> {
    let is_full = |height: &f64| *height > 0.0;
    let first = heights.iter().position(is_full).unwrap_or(0);
    let end = heights.iter().rposition(is_full).map_or(first, |last| last + 1);
    let floor = frame.y(0.0);
    let mut corners = vec![(frame.x(bins.edge(first)), floor)];
    for (bin, height) in heights.iter().enumerate().take(end).skip(first) {
        let top = frame.y(*height);
        corners.extend([(frame.x(bins.edge(bin)), top), (frame.x(bins.edge(bin + 1)), top)]);
    }
    corners.push((frame.x(bins.edge(end)), floor));
    corners
}

fn draw_group(canvas: &mut Canvas, style: SeriesStyle, group: &HistogramGroup, outline: &[(f64, f64)], frame: &Frame) {
    let ink = style.ink();
    let at = frame.x(mean(&group.values));
    let mean_line = [(at, frame.plot.bottom), (at, frame.plot.top)];
    canvas.draw(html! {
        g {
            title { (EscapedText(&describe(group))) }
            path class={ "fill-" (ink.class()) " stroke-" (ink.class()) } d=(marker::path(outline.iter().copied()))
                fill=(ink.colour()) fill-opacity="0.25" stroke=(ink.colour()) stroke-width="1.6" stroke-linejoin="miter"
                stroke-dasharray=(style.dashes(false)) {}
            path class={ "stroke-" (ink.class()) } d=(marker::path(mean_line.into_iter())) fill="none"
                stroke=(ink.colour()) stroke-width="1.4" stroke-dasharray="5 3" {}
        }
    });
    canvas.draw(marker::marker(style, at, frame.plot.top + 4.0, 4.0, false));
}

fn describe(group: &HistogramGroup) -> String {
    format!("{} (n = {}, mean {})", group.name, group.values.len(), fixed_mean(mean(&group.values)))
}

fn fixed_mean(mean: f64) -> String {
    if (0.01..1000.0).contains(&mean.abs()) { format_number(mean, 2) } else { short(mean) }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
