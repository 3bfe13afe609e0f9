use super::axis::{Axis, SMALLEST, Scale};
use super::pareto::ParetoDirections;
use crate::{Error, Estimate, Result};
use serde::{Deserialize, Serialize};

/// Settings in two measures: a curve a series, such as a loss, through its points, such as values of beta; error bars,
/// a baseline, the Pareto front.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scatter {
    /// What the figure shows, for those who cannot see it; it is not drawn.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// The curves.
    pub series: Vec<ScatterSeries>,
    /// What the points' labels are, such as `β`: the legend says so.
    #[serde(default)]
    pub point_labels: Option<String>,
    /// A point that belongs to no series: the model before training. On a logarithmic axis that has no place for it, a
    /// KL divergence of 0 for one, it is a line at its other measure.
    #[serde(default)]
    pub baseline: Option<ScatterPoint>,
    /// What is better on either axis, to mark the points that no other one, the baseline included, dominates.
    #[serde(default)]
    pub pareto: Option<ParetoDirections>,
}

/// A curve of a scatter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScatterSeries {
    /// Its name in the legend.
    pub name: String,
    /// Its points in the order in which the curve joins them.
    pub points: Vec<ScatterPoint>,
}

/// A point of a scatter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScatterPoint {
    /// Its setting, drawn beside it where there is room; nothing where it is empty.
    pub label: String,
    /// Its place on the horizontal axis, with the interval that is its horizontal error bar.
    pub x: Estimate,
    /// Its place on the vertical axis, with the interval that is its vertical error bar.
    pub y: Estimate,
}

impl ScatterPoint {
    /// A point with its label.
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
        if has_place(point.x.value, &self.x) || has_place(point.y.value, &self.y) {
            return Ok(());
        }
        Err(above_zero(place(), "x", point.x.value))
    }
}

fn check_axis(number: &Estimate, axis: &Axis, place: impl Fn() -> String, name: &str) -> Result<()> {
    number.check(&place, name)?;
    if has_place(number.value, axis) { Ok(()) } else { Err(above_zero(place(), name, number.value)) }
}

/// Whether an axis has a place for a number.
pub(super) fn has_place(value: f64, axis: &Axis) -> bool {
    axis.scale != Scale::Log || value >= SMALLEST
}

fn above_zero(place: String, name: &str, found: f64) -> Error {
    let expected = "a number above 0, since the axis is logarithmic (at least 1e-100)";
    Error::Number { place, name: name.to_owned(), expected, found }
}
