use super::axis::{Axis, MIN_MAGNITUDE, Scale};
use super::pareto::ParetoDirections;
use crate::{Error, Estimate, Result};
use serde::{Deserialize, Serialize};

/// A scatter plot of two measures: one curve (or a set of points) per series (such as a loss) through its points (such as values of beta),
/// with error bars, a baseline and the Pareto front.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scatter {
    /// The title for screen readers. It is not drawn.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// The series.
    pub series: Vec<ScatterSeries>,
    /// The meaning of the point labels, such as `β`, for the legend.
    #[serde(default)]
    pub point_labels: Option<String>,
    /// A point without series, such as the model before training. If it does not fit on a logarithmic axis, such as a
    /// KL divergence of 0, it is drawn as a line at its other measure.
    #[serde(default)]
    pub baseline: Option<ScatterPoint>,
    /// The better direction of each axis. If set, the points on the Pareto front are marked; the baseline is included.
    #[serde(default)]
    pub pareto: Option<ParetoDirections>,
}

/// A series of a scatter plot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScatterSeries {
    /// The series' name in the legend.
    pub name: String,
    /// The points in the order in which the curve connects them.
    pub points: Vec<ScatterPoint>,
    /// Whether a curve connects the points.
    #[serde(default = "connected")]
    pub connected: bool,
}

fn connected() -> bool {
    true
}

impl ScatterSeries {
    /// A series whose points are connected by a curve.
    #[must_use]
    pub fn curve(name: impl Into<String>, points: Vec<ScatterPoint>) -> Self {
        Self { name: name.into(), points, connected: true }
    }

    /// A series whose points have no order.
    #[must_use]
    pub fn unordered(name: impl Into<String>, points: Vec<ScatterPoint>) -> Self {
        Self { name: name.into(), points, connected: false }
    }
}

/// A point of a scatter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScatterPoint {
    /// The label, which is drawn beside the point if there is space; may be empty.
    pub label: String,
    /// The x value. Its interval is the horizontal error bar.
    pub x: Estimate,
    /// The y value. Its interval is the vertical error bar.
    pub y: Estimate,
}

impl ScatterPoint {
    /// Creates a point with a label.
    #[must_use]
    pub fn new(label: impl Into<String>, x: Estimate, y: Estimate) -> Self {
        Self { label: label.into(), x, y }
    }
}

impl Scatter {
    pub(super) fn check(&self) -> Result<()> {
        let place = || format!("figure {:?}", self.title);
        if self.series.iter().all(|series| series.points.is_empty()) && self.baseline.is_none() {
            return Err(Error::Empty { place: place(), expected: "at least one point" });
        }
        for series in &self.series {
            for (i, point) in series.points.iter().enumerate() {
                let place = || format!("{}, series {:?}, point {} ({:?})", place(), series.name, i + 1, point.label);
                check_axis(&point.x, &self.x, place, "x")?;
                check_axis(&point.y, &self.y, place, "y")?;
            }
        }
        let Some(point) = &self.baseline else { return Ok(()) };
        let place = || format!("{}, baseline ({:?})", place(), point.label);
        point.x.check(place, "x")?;
        point.y.check(place, "y")?;
        if fits_axis(point.x.value, &self.x) || fits_axis(point.y.value, &self.y) {
            return Ok(());
        }
        Err(not_positive_error(place(), "x", point.x.value))
    }
}

fn check_axis(number: &Estimate, axis: &Axis, place: impl Fn() -> String, name: &str) -> Result<()> {
    number.check(&place, name)?;
    if fits_axis(number.value, axis) { Ok(()) } else { Err(not_positive_error(place(), name, number.value)) }
}

/// Whether an axis can represent a number.
pub(super) fn fits_axis(value: f64, axis: &Axis) -> bool {
    axis.scale != Scale::Log || value >= MIN_MAGNITUDE
}

fn not_positive_error(place: String, name: &str, found: f64) -> Error {
    let expected = "a number above 0, since the axis is logarithmic (at least 1e-100)";
    Error::Number { place, name: name.to_owned(), expected, found }
}
