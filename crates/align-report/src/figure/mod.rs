//! Charts, drawn as SVG and rendered as PNG.

mod axis;
mod bins;
mod canvas;
mod decimate;
mod dendrogram;
mod draw_scatter;
mod font;
mod frame;
mod heat_map;
mod histogram;
mod legend;
mod lines;
mod marker;
mod nice_step;
mod palette;
mod pareto;
mod place_labels;
#[cfg(feature = "png")]
mod png;
mod scatter;
mod series_style;
mod smooth;
mod ticks;

pub use axis::{Axis, Scale};
pub use dendrogram::{Dendrogram, DendrogramMerge};
pub use heat_map::HeatMap;
pub use histogram::{Histogram, HistogramGroup, HistogramHeight};
pub use lines::{LineChart, LinePoint, LineSeries};
pub use pareto::{Better, ParetoDirections};
pub use scatter::{Scatter, ScatterPoint, ScatterSeries};
pub use series_style::SeriesColour;

pub(crate) use font::width as text_width;
pub(crate) use palette::{ON_DARK, ON_LIGHT, TEXT_ON_LIGHT};
pub(crate) use series_style::SeriesOrder;

use crate::output_file::write_file;
use crate::{Error, Result};
use canvas::Canvas;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    /// A scatter plot.
    Scatter(Scatter),
    /// A line chart of metrics over steps.
    LineChart(LineChart),
    /// A histogram.
    Histogram(Histogram),
    /// A matrix of numbers as coloured cells.
    HeatMap(HeatMap),
    /// A tree of items that are near each other.
    Dendrogram(Dendrogram),
}

impl From<Scatter> for Figure {
    fn from(scatter: Scatter) -> Self {
        Self::Scatter(scatter)
    }
}

impl From<LineChart> for Figure {
    fn from(chart: LineChart) -> Self {
        Self::LineChart(chart)
    }
}

impl From<Histogram> for Figure {
    fn from(histogram: Histogram) -> Self {
        Self::Histogram(histogram)
    }
}

impl From<HeatMap> for Figure {
    fn from(map: HeatMap) -> Self {
        Self::HeatMap(map)
    }
}

impl From<Dendrogram> for Figure {
    fn from(tree: Dendrogram) -> Self {
        Self::Dendrogram(tree)
    }
}

/// The size of a figure in CSS pixels (96 per inch). Text has the same size in every figure (10.5 to 12 pixels, 8 to 9
/// points), so choose the printed size: a column of 3.3 inches is 317 pixels wide. If a long legend would leave less
/// than 45% of the height for the plot, the figure becomes higher than requested. Heat maps and trees are as high as their
/// rows need, at most as high as requested if the rows can be that low.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FigureSize {
    /// The width, from 240 to 4,000.
    pub width: u32,
    /// The height, from 180 to 4,000.
    pub height: u32,
}

impl Default for FigureSize {
    /// 720 × 440 pixels.
    fn default() -> Self {
        Self { width: 720, height: 440 }
    }
}

impl FigureSize {
    fn check(self) -> Result<()> {
        for (option, least, found) in [("width", 240, self.width), ("height", 180, self.height)] {
            if !(least..=4000).contains(&found) {
                let expected = format!("{least} to 4000 pixels");
                return Err(Error::Option { option, expected, found: found.to_string() });
            }
        }
        Ok(())
    }
}

impl Figure {
    /// Lays out and draws the figure.
    ///
    /// # Errors
    /// When the size is out of range, there is nothing to draw, a number is not finite, beyond ±1e100 or not
    /// representable on a logarithmic axis (except values of a line, which become gaps), the ends of an interval are
    /// swapped, or the steps of a line do not increase.
    pub fn draw(&self, size: FigureSize) -> Result<Drawing> {
        self.draw_in(size, &SeriesOrder::of(self.series_keys()))
    }

    /// Draws the figure with the colours of a page.
    pub(crate) fn draw_in(&self, size: FigureSize, order: &SeriesOrder) -> Result<Drawing> {
        size.check()?;
        let mut canvas = Canvas::new(f64::from(size.width), f64::from(size.height));
        let (description, omitted) = match self {
            Self::Scatter(scatter) => {
                scatter.check()?;
                scatter.draw(&mut canvas, order)
            }
            Self::LineChart(chart) => {
                chart.check()?;
                (chart.draw(&mut canvas, order), Vec::new())
            }
            Self::Histogram(histogram) => {
                histogram.check()?;
                (histogram.draw(&mut canvas, order), Vec::new())
            }
            Self::HeatMap(map) => {
                map.check()?;
                (map.draw(&mut canvas), Vec::new())
            }
            Self::Dendrogram(tree) => {
                tree.check()?;
                (tree.draw(&mut canvas), Vec::new())
            }
        };
        Ok(Drawing { svg: canvas.svg(self.title(), &description), omitted })
    }

    /// The names from which the series take their colours.
    pub(crate) fn series_keys(&self) -> Vec<&str> {
        match self {
            Self::Scatter(scatter) => scatter.series.iter().map(|series| series.name.as_str()).collect(),
            Self::LineChart(chart) => chart.series.iter().filter_map(|line| line.colour.key(&line.name)).collect(),
            Self::Histogram(histogram) => {
                histogram.groups.iter().filter_map(|group| group.colour.key(&group.name)).collect()
            }
            Self::HeatMap(_) | Self::Dendrogram(_) => Vec::new(),
        }
    }

    fn title(&self) -> &str {
        match self {
            Self::Scatter(scatter) => &scatter.title,
            Self::LineChart(chart) => &chart.title,
            Self::Histogram(histogram) => &histogram.title,
            Self::HeatMap(map) => &map.title,
            Self::Dendrogram(tree) => &tree.title,
        }
    }
}

/// A drawn figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    svg: String,
    omitted: Vec<String>,
}

impl Drawing {
    /// The figure as SVG 1.1 on a white background, with a title and a description for screen readers. It has no ids,
    /// so a page may contain several, and loads no external resources.
    #[must_use]
    pub fn svg(&self) -> &str {
        &self.svg
    }

    /// The labels that did not fit, as `series: label`. The description includes their numbers.
    #[must_use]
    pub fn omitted_labels(&self) -> &[String] {
        &self.omitted
    }

    /// Writes the SVG file atomically. Missing folders are created.
    ///
    /// # Errors
    /// When the file exists and `overwrite` is false, or it cannot be written.
    pub fn write_svg(&self, path: &Path, overwrite: bool) -> Result<()> {
        write_file(path, self.svg.as_bytes(), overwrite)
    }
}
