//! Figures that a paper could print.

mod axis;
mod bins;
mod canvas;
mod draw_scatter;
mod font;
mod frame;
mod histogram;
mod legend;
mod lines;
mod marker;
mod nice;
mod palette;
mod pareto;
mod place_labels;
#[cfg(feature = "png")]
mod png;
mod scatter;
mod smooth;
mod thin_out;
mod ticks;

pub use axis::{Axis, Scale};
pub use histogram::{Histogram, HistogramGroup, HistogramHeight};
pub use lines::{LineChart, LinePoint, LineSeries};
pub use pareto::{Better, ParetoDirections};
pub use scatter::{Scatter, ScatterPoint, ScatterSeries};

pub(crate) use palette::{LETTERS_ON_LIGHT, ON_DARK, ON_LIGHT};

use crate::atomic::write_file;
use crate::{Error, Result};
use canvas::Canvas;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A figure of one of the kinds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    /// Settings in two measures.
    Scatter(Scatter),
    /// Metrics over steps.
    LineChart(LineChart),
    /// Values by their frequency.
    Histogram(Histogram),
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

/// The size of a figure in CSS pixels, 96 to the inch. Letters have the same size in any figure (10.5 to 12 pixels, 8
/// to 9 points), so give the size that the figure has in print: a column of 3.3 inches is 317 pixels wide. Where a long
/// legend would leave less than 45% of the height to the plot, the figure gets higher than asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FigureSize {
    /// From 240 to 4,000.
    pub width: u32,
    /// From 180 to 4,000.
    pub height: u32,
}

impl Default for FigureSize {
    /// 720 by 440.
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
    /// Lays the figure out and draws it.
    ///
    /// # Errors
    /// When the size is out of bounds; when there is nothing to draw; when a number is not finite, is beyond ±1e100 or
    /// has no place on a logarithmic axis, unless it is a line's value, which is then a gap; when an interval's ends
    /// are the wrong way round; when a line's steps do not increase.
    pub fn draw(&self, size: FigureSize) -> Result<Drawing> {
        size.check()?;
        let mut canvas = Canvas::new(f64::from(size.width), f64::from(size.height));
        let (description, left_out) = match self {
            Self::Scatter(scatter) => {
                scatter.check()?;
                scatter.draw(&mut canvas)
            }
            Self::LineChart(chart) => {
                chart.check()?;
                (chart.draw(&mut canvas), Vec::new())
            }
            Self::Histogram(histogram) => {
                histogram.check()?;
                (histogram.draw(&mut canvas), Vec::new())
            }
        };
        Ok(Drawing { svg: canvas.svg(self.title(), &description), left_out })
    }

    fn title(&self) -> &str {
        match self {
            Self::Scatter(scatter) => &scatter.title,
            Self::LineChart(chart) => &chart.title,
            Self::Histogram(histogram) => &histogram.title,
        }
    }
}

/// A figure that has been drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    svg: String,
    left_out: Vec<String>,
}

impl Drawing {
    /// The figure as SVG 1.1, on white, with a title and a description for those who cannot see it. It has no ids, so
    /// several may stand in one page, and asks for nothing outside itself.
    #[must_use]
    pub fn svg(&self) -> &str {
        &self.svg
    }

    /// The figure as an opaque PNG image with so many pixels an inch, a third of the print's usual 300 being 100.
    /// Letters that Noto Sans lacks (it has Latin, Greek and Cyrillic ones) are boxes.
    ///
    /// # Errors
    /// When the resolution is 0, or the image would have more than 100 million pixels.
    #[cfg(feature = "png")]
    pub fn png(&self, dots_per_inch: u32) -> Result<Vec<u8>> {
        png::render(&self.svg, dots_per_inch)
    }

    /// The points whose labels found no place, as `series: label`. Their numbers are in the description.
    #[must_use]
    pub fn labels_left_out(&self) -> &[String] {
        &self.left_out
    }

    /// Writes the SVG to a file, whole or not at all; folders are made.
    ///
    /// # Errors
    /// When the file exists and `overwrite` is false, or when the system refuses.
    pub fn write_svg(&self, path: &Path, overwrite: bool) -> Result<()> {
        write_file(path, self.svg.as_bytes(), overwrite)
    }

    /// Writes the PNG image to a file, whole or not at all; folders are made.
    ///
    /// # Errors
    /// As for [`png`](Self::png), when the file exists and `overwrite` is false, or when the system refuses.
    #[cfg(feature = "png")]
    pub fn write_png(&self, path: &Path, dots_per_inch: u32, overwrite: bool) -> Result<()> {
        write_file(path, &self.png(dots_per_inch)?, overwrite)
    }
}
