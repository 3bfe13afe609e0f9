//! Figures and self-contained HTML reports of runs and sweeps of preference optimisation.
//!
//! A [`Figure`] is a [`Scatter`] plot with a Pareto front, a [`LineChart`] of metrics over steps, a [`Histogram`], a [`HeatMap`] of a matrix,
//! or a [`Dendrogram`] of what is near each other.
//! It is drawn as SVG; with the feature `png`, a PNG is rendered from it. A [`Report`] is a single HTML file with figures, tables
//! and texts. It loads no external resources and runs no scripts.
//!
//! The output is deterministic. LibTorch is not needed.
//!
//! ```
//! use align_report::{Axis, Better, Estimate, Figure, FigureSize};
//! use align_report::{ParetoDirections, Scatter, ScatterPoint, ScatterSeries};
//!
//! let scatter = Scatter {
//!     title: "Reward against KL divergence".to_owned(),
//!     x: Axis::linear("KL divergence (nats)"),
//!     y: Axis::linear("Mean reward"),
//!     series: vec![ScatterSeries::curve(
//!         "sigmoid",
//!         vec![
//!             ScatterPoint::new("0.5", Estimate::new(1.2, 1.0, 1.4), Estimate::new(0.8, 0.6, 1.0)),
//!             ScatterPoint::new("0.1", Estimate::new(6.1, 5.7, 6.5), Estimate::new(1.9, 1.7, 2.1)),
//!         ],
//!     )],
//!     point_labels: Some("β".to_owned()),
//!     baseline: Some(ScatterPoint::new("SFT", Estimate::exact(0.0), Estimate::new(0.1, -0.1, 0.3))),
//!     pareto: Some(ParetoDirections { x: Better::Lower, y: Better::Higher }),
//! };
//! let drawing = Figure::from(scatter).draw(FigureSize::default())?;
//! assert!(drawing.svg().starts_with("<svg"));
//! # Ok::<(), align_report::Error>(())
//! ```

mod error;
mod escaped_text;
mod estimate;
mod figure;
mod number;
mod output_file;
mod report;

pub use error::{Error, Result};
pub use estimate::{Estimate, Interval};
pub use figure::{
    Axis, Better, Dendrogram, DendrogramMerge, Drawing, Figure, FigureSize, HeatMap, Histogram, HistogramGroup,
    HistogramHeight, LineChart, LinePoint, LineSeries, ParetoDirections, Scale, Scatter, ScatterPoint, ScatterSeries,
    SeriesColour,
};
pub use number::format_number;
pub use report::{
    Cell, ChosenText, Column, ComparedText, Configuration, Entry, FigureWidth, Report, ReportFigure, Row, Table,
    TextChoice, TextChoices, TextComparison, TextComparisons,
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
