use super::axis::{Axis, MIN_MAGNITUDE, Range, Scale};
use super::canvas::{Canvas, Px};
use super::decimate::decimate;
use super::frame::Frame;
use super::legend::{LegendEntry, LegendSymbol};
use super::marker;
use super::palette::Ink;
use super::series_style::{SeriesColour, SeriesOrder};
use super::smooth::smooth;
use crate::estimate::check_number;
use crate::number::short;
use crate::{Error, Result};
use maud::html;
use serde::{Deserialize, Serialize};

/// A chart of metrics over training steps.
///
/// Values that are not finite or do not fit on a logarithmic axis are gaps, so that the rest of the curve is shown if,
/// for example, a loss overflows. A series without valid values is an error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineChart {
    /// The title for screen readers. It is not drawn.
    pub title: String,
    /// The horizontal axis, such as steps, epochs or tokens.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// The series.
    pub series: Vec<LineSeries>,
    /// The smoothing weight `w`, at least 0 and below 1. If it is above 0, the line is the average `Σ_i w^|t−i|·x_i /
    /// Σ_i w^|t−i|`, and the raw values are drawn as a thin line behind it. Without it, lines of more than 60 points
    /// are averaged over about a twentieth of their length, and others are not smoothed.
    #[serde(default)]
    pub smoothing: Option<f64>,
}

/// A series of a line chart.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineSeries {
    /// The series' name in the legend.
    pub name: String,
    /// The points, with increasing steps.
    pub points: Vec<LinePoint>,
    /// What the series takes its colour from.
    #[serde(default)]
    pub colour: SeriesColour,
    /// Whether its markers are hollow, which tells apart two series of one colour, such as the training rows and the
    /// held-out rows of a run.
    #[serde(default)]
    pub hollow: bool,
}

/// A value at a step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinePoint {
    /// The step, which must be finite.
    pub step: f64,
    /// The value; `null` in JSON if it is not finite.
    #[serde(with = "gap")]
    pub value: f64,
}

/// JSON cannot represent numbers that are not finite.
mod gap {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        value.is_finite().then_some(*value).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
    }
}

impl LineSeries {
    /// Creates a line from `(step, value)` pairs.
    #[must_use]
    pub fn new(name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let points = points.into_iter().map(|(step, value)| LinePoint { step, value }).collect();
        Self { name: name.into(), points, colour: SeriesColour::default(), hollow: false }
    }

    /// Sets what the series takes its colour from.
    #[must_use]
    pub fn with_colour(self, colour: SeriesColour) -> Self {
        Self { colour, ..self }
    }

    /// Replaces the lines of several runs by one line if all have the same points, such as those of the learning rate.
    #[must_use]
    pub fn merge_equal(lines: Vec<Self>) -> Vec<Self> {
        match lines.split_first() {
            Some((first, others)) if !others.is_empty() && others.iter().all(|line| line.points == first.points) => {
                vec![Self { name: "all runs".to_owned(), points: first.points.clone(), ..Self::default() }]
            }
            _ => lines,
        }
    }

    /// Draws the series with hollow markers.
    #[must_use]
    pub fn with_hollow_markers(self) -> Self {
        Self { hollow: true, ..self }
    }
}

/// Lines of up to this many points are not smoothed.
const UNSMOOTHED_POINTS: usize = 60;

/// Lines of up to this many points have a marker at each point. Longer ones have a few markers, enough to distinguish
/// the series.
const MARKED_POINTS: usize = 16;

/// Number of markers of longer lines.
const MARKERS: usize = 6;

/// Width of the last line and radius of its markers.
const LAST_LINE: (f64, f64) = (1.7, 3.8);

/// How much wider each line is than the next one, and its markers larger, so that a line that another one covers is
/// still seen.
const UNDERLAY: (f64, f64) = (0.8, 0.5);

/// Number of lines behind the last one that become wider.
const MOST_UNDERLAYS: usize = 3;

impl LineChart {
    pub(super) fn check(&self) -> Result<()> {
        let place = || format!("figure {:?}", self.title);
        if self.series.is_empty() {
            return Err(Error::Empty { place: place(), expected: "at least one series" });
        }
        for series in &self.series {
            let place = || format!("{}, series {:?}", place(), series.name);
            self.check_steps(series, place)?;
            if !series.points.iter().any(|point| self.is_drawn(point)) {
                return Err(Error::Empty { place: place(), expected: "at least one value that can be drawn" });
            }
        }
        match self.smoothing {
            Some(weight) if !(0.0..1.0).contains(&weight) => {
                let expected = "at least 0 and below 1".to_owned();
                Err(Error::Option { option: "smoothing", expected, found: weight.to_string() })
            }
            _ => Ok(()),
        }
    }

    fn check_steps(&self, series: &LineSeries, place: impl Fn() -> String) -> Result<()> {
        let mut before: Option<f64> = None;
        for (i, point) in series.points.iter().enumerate() {
            let place = || format!("{}, point {}", place(), i + 1);
            check_number(point.step, place, "step")?;
            if self.x.scale == Scale::Log && point.step < MIN_MAGNITUDE {
                let expected = "a number above 0, since the axis is logarithmic (at least 1e-100)";
                return Err(Error::Number { place: place(), name: "step".to_owned(), expected, found: point.step });
            }
            if let Some(before) = before.filter(|before| *before >= point.step) {
                return Err(Error::Order { place: place(), before, found: point.step });
            }
            before = Some(point.step);
        }
        Ok(())
    }

    /// Whether a value is drawn, as opposed to being a gap.
    fn is_drawn(&self, point: &LinePoint) -> bool {
        let is_number = check_number(point.value, String::new, "value").is_ok();
        is_number && (self.y.scale != Scale::Log || point.value >= MIN_MAGNITUDE)
    }

    /// Draws the chart and returns the description.
    pub(super) fn draw(&self, canvas: &mut Canvas, order: &SeriesOrder) -> String {
        let all = || self.series.iter().flat_map(|series| &series.points);
        let x = Range::of(self.x.scale, all().map(|point| point.step)).down_to_zero().padded(0.0, 0.01);
        let drawn = all().filter(|point| self.is_drawn(point)).map(|point| point.value);
        let y = Range::of(self.y.scale, drawn).padded(0.04, 0.05);
        let entries = self.series.iter().map(|series| LegendEntry {
            symbol: LegendSymbol::Curve {
                style: order.style(&series.name, &series.colour),
                dashed: true,
                hollow: series.hollow,
            },
            text: series.name.clone(),
        });
        let frame = Frame::draw(canvas, (&self.x.title, x), (&self.y.title, y), entries.collect());
        // Solid lines are behind dashed ones, in whose gaps they are seen.
        let mut behind: Vec<(usize, &LineSeries)> = self.series.iter().enumerate().collect();
        behind.sort_by_key(|(_, series)| (series.hollow, order.style(&series.name, &series.colour).number()));
        for (depth, (number, series)) in behind.into_iter().enumerate() {
            let lines_in_front = self.series.len() - 1 - depth;
            self.draw_series(canvas, (number, series), lines_in_front, (&frame, order));
        }
        let descriptions: Vec<String> = self.series.iter().map(|series| self.describe(series)).collect();
        format!("{} over {}. {}", self.y.title, self.x.title, descriptions.join(" "))
    }

    fn draw_series(
        &self,
        canvas: &mut Canvas,
        (number, series): (usize, &LineSeries),
        lines_in_front: usize,
        (frame, order): (&Frame, &SeriesOrder),
    ) {
        let style = order.style(&series.name, &series.colour);
        let weight = self.smoothing.unwrap_or(default_smoothing(series.points.len()));
        let values: Vec<f64> =
            series.points.iter().map(|point| if self.is_drawn(point) { point.value } else { f64::NAN }).collect();
        let ink = style.ink();
        if weight > 0.0 {
            draw_runs(canvas, &runs(series, &values, frame), ink, (1.0, "0.38"), "none");
        }
        // On a logarithmic axis, the logarithms are averaged.
        let line: Vec<f64> = match self.y.scale {
            Scale::Linear | Scale::Sqrt => smooth(&values, weight),
            Scale::Log => {
                let logarithms: Vec<f64> = values.iter().map(|value| value.ln()).collect();
                smooth(&logarithms, weight).into_iter().map(f64::exp).collect()
            }
        };
        let line = runs(series, &line, frame);
        let more = lines_in_front.min(MOST_UNDERLAYS) as f64;
        let (width, radius) = (LAST_LINE.0 + more * UNDERLAY.0, LAST_LINE.1 + more * UNDERLAY.1);
        draw_runs(canvas, &line, ink, (width, "1"), style.dashes(series.hollow));
        let points: Vec<(f64, f64)> = line.into_iter().flatten().collect();
        for (x, y) in marked(&points, number) {
            canvas.draw(marker::marker(style, x, y, radius, series.hollow));
        }
    }

    fn describe(&self, series: &LineSeries) -> String {
        let drawn: Vec<&LinePoint> = series.points.iter().filter(|point| self.is_drawn(point)).collect();
        let ends: Vec<String> = [drawn.first(), drawn.last()]
            .into_iter()
            .flatten()
            .map(|point| format!("{} at {}", short(point.value), short(point.step)))
            .collect();
        let gaps = series.points.len() - drawn.len();
        let gaps = if gaps > 0 { format!("; {gaps} values are missing or not finite") } else { String::new() };
        format!("{}: {} points, from {}{gaps}.", series.name, series.points.len(), ends.join(" to "))
    }
}

/// The default smoothing weight, for which the weights of all neighbours add up to a twentieth of the line: `(1 + w) /
/// (1 − w) = points / 20`.
fn default_smoothing(points: usize) -> f64 {
    let twentieth = points as f64 / 20.0;
    if points > UNSMOOTHED_POINTS { (twentieth - 1.0) / (twentieth + 1.0) } else { 0.0 }
}

/// The line in pixels, split at its gaps.
fn runs(series: &LineSeries, values: &[f64], frame: &Frame) -> Vec<Vec<(f64, f64)>> {
    let points: Vec<(f64, f64)> = series.points.iter().map(|point| point.step).zip(values.iter().copied()).collect();
    let is_gap = |point: &(f64, f64)| !point.1.is_finite();
    let pieces = points.split(is_gap).filter(|piece| !piece.is_empty());
    let in_pixels = |piece: &[(f64, f64)]| piece.iter().map(|(x, y)| (frame.x(*x), frame.y(*y))).collect::<Vec<_>>();
    pieces.map(|piece| decimate(&in_pixels(piece))).collect()
}

fn draw_runs(canvas: &mut Canvas, runs: &[Vec<(f64, f64)>], ink: Ink, (width, opacity): (f64, &str), dashes: &str) {
    let lines: String = runs.iter().filter(|run| run.len() > 1).map(|run| marker::path(run.iter().copied())).collect();
    canvas.draw(html! {
        path class={ "stroke-" (ink.class()) } d=(lines) fill="none" stroke=(ink.colour()) stroke-width=(Px(width))
            stroke-opacity=(opacity) stroke-dasharray=(dashes) stroke-linejoin="round" {}
        // A point between two gaps has no line.
        @for (x, y) in runs.iter().filter(|run| run.len() == 1).flatten() {
            circle class={ "fill-" (ink.class()) } cx=(Px(*x)) cy=(Px(*y)) r=(Px(width)) fill=(ink.colour()) {}
        }
    });
}

/// The points with markers: all of a short line, otherwise a few that are shifted from series to series.
fn marked(points: &[(f64, f64)], series: usize) -> Vec<(f64, f64)> {
    if points.len() <= MARKED_POINTS {
        return points.to_vec();
    }
    let shift = (series % 4) as f64 / 4.0;
    let at = |i: usize| ((i as f64 + 0.2 + 0.8 * shift) / MARKERS as f64 * points.len() as f64) as usize;
    (0..MARKERS).filter_map(|i| points.get(at(i)).copied()).collect()
}
