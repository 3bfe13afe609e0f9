use super::axis::{Axis, Range, Scale};
use super::bins::Bins;
use super::canvas::Canvas;
use super::frame::Frame;
use super::legend::{LegendEntry, Sample};
use super::marker;
use super::palette::{Ink, dashes};
use crate::estimate::check_number;
use crate::number::{fixed, short};
use crate::plain_text::PlainText;
use crate::{Error, Result};
use maud::html;
use serde::{Deserialize, Serialize};

/// Rewards of texts, those of several models over each other: before and after training. A line marks each group's
/// mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Histogram {
    /// What the figure shows, for those who cannot see it; it is not drawn.
    pub title: String,
    /// Title of the horizontal axis, with its unit.
    pub x: String,
    /// What a bar's height is.
    #[serde(default)]
    pub height: HistogramHeight,
    /// The groups, the first at the back.
    pub groups: Vec<HistogramGroup>,
}

/// What the height of a bar is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HistogramHeight {
    /// The share of the group's values in percent, so that groups of different sizes compare.
    #[default]
    Share,
    /// The number of values.
    Count,
}

/// Values of a histogram.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistogramGroup {
    /// Its name in the legend.
    pub name: String,
    /// The values, all finite.
    pub values: Vec<f64>,
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

    /// Draws it; gives the description.
    pub(super) fn draw(&self, canvas: &mut Canvas) -> String {
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
        let entries = self
            .groups
            .iter()
            .enumerate()
            .map(|(number, group)| LegendEntry { sample: Sample::Bars { series: number }, text: in_words(group) });
        let frame = Frame::draw(canvas, (&self.x, x), (&y_axis.title, y), entries.collect());
        for (number, (group, heights)) in self.groups.iter().zip(&heights).enumerate() {
            draw_group(canvas, number, group, &outline(&bins, heights, &frame), &frame);
        }
        let words: Vec<String> = self.groups.iter().map(in_words).collect();
        let width = short(bins.edge(1) - bins.edge(0));
        format!("{} of {}, in bins {width} wide. {}.", y_axis.title, self.x, words.join("; "))
    }

    fn heights(&self, bins: &Bins, group: &HistogramGroup) -> Vec<f64> {
        let unit = match self.height {
            HistogramHeight::Share => 100.0 / group.values.len().max(1) as f64,
            HistogramHeight::Count => 1.0,
        };
        bins.counts(&group.values).into_iter().map(|count| count as f64 * unit).collect()
    }
}

/// A group's outline in pixels, from the axis up over the bars, the first to the last that is not empty, and down to it
/// again.
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

fn draw_group(canvas: &mut Canvas, number: usize, group: &HistogramGroup, outline: &[(f64, f64)], frame: &Frame) {
    let ink = Ink::Series(number);
    let at = frame.x(mean(&group.values));
    let mean_line = [(at, frame.plot.bottom), (at, frame.plot.top)];
    canvas.draw(html! {
        g {
            title { (PlainText(&in_words(group))) }
            path class={ "fill-" (ink.class()) " stroke-" (ink.class()) } d=(marker::path(outline.iter().copied()))
                fill=(ink.colour()) fill-opacity="0.25" stroke=(ink.colour()) stroke-width="1.6" stroke-linejoin="miter"
                stroke-dasharray=(dashes(number)) {}
            path class={ "stroke-" (ink.class()) } d=(marker::path(mean_line.into_iter())) fill="none"
                stroke=(ink.colour()) stroke-width="1.4" stroke-dasharray="5 3" {}
        }
    });
    canvas.draw(marker::marker(number, at, frame.plot.top + 4.0, 4.0));
}

fn in_words(group: &HistogramGroup) -> String {
    format!("{} (n = {}, mean {})", group.name, group.values.len(), fixed_mean(mean(&group.values)))
}

fn fixed_mean(mean: f64) -> String {
    if (0.01..1000.0).contains(&mean.abs()) { fixed(mean, 2) } else { short(mean) }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
