//! Draws scatter plots.

use super::axis::Range;
use super::canvas::{Anchor, Canvas, Disc, Rect, TextElement};
use super::font;
use super::frame::Frame;
use super::legend::{LegendEntry, LegendSymbol, draw_front};
use super::marker;
use super::palette::Ink;
use super::pareto::{Better, ParetoDirections, pareto_front};
use super::place_labels::{LabelConstraints, LabelRequest, place_labels};
use super::scatter::{Scatter, ScatterPoint, fits_axis};
use super::series_style::{SeriesColour, SeriesOrder, SeriesStyle};
use crate::Estimate;
use crate::escaped_text::EscapedText;
use crate::number::short;
use maud::html;

const LABEL_SIZE: f64 = 10.5;

/// A position in pixels.
type Point = (f64, f64);

/// A line between two positions.
type Line = (Point, Point);

/// A point with its style. The baseline belongs to no series.
struct StyledPoint<'a> {
    point: &'a ScatterPoint,
    style: SeriesStyle,
    name: &'a str,
    on_front: bool,
}

impl Scatter {
    /// Draws the plot. Returns the description and the labels that did not fit.
    pub(super) fn draw(&self, canvas: &mut Canvas, order: &SeriesOrder) -> (String, Vec<String>) {
        let mut points = self.placed(order);
        let front = self.mark_front(&mut points);
        let along = |of: fn(&ScatterPoint) -> &Estimate| {
            points.iter().map(move |placed| of(placed.point)).flat_map(|x| [x.lowest(), x.value, x.highest()])
        };
        // Error bars that do not fit on a logarithmic axis end at the axis and do not extend its range.
        let x = Range::of(self.x.scale, along(|point| &point.x)).padded(0.04, 0.05);
        let y = Range::of(self.y.scale, along(|point| &point.y)).padded(0.06, 0.07);
        let frame = Frame::draw(canvas, (&self.x.title, x), (&self.y.title, y), self.legend(!front.is_empty(), order));

        if let Some(directions) = self.pareto {
            let corners: Vec<(f64, f64)> =
                front.iter().filter_map(|&i| points.get(i)).map(|p| self.at(p, &frame)).collect();
            draw_front(canvas, steps(&corners, directions, &frame.plot).into_iter());
        }
        let mut lines = Vec::new();
        for series in self.series.iter().filter(|series| series.connected) {
            let curve: Vec<(f64, f64)> =
                series.points.iter().map(|point| (frame.x(point.x.value), frame.y(point.y.value))).collect();
            lines.extend(curve.iter().copied().zip(curve.iter().copied().skip(1)));
            let ink = style_of(&series.name, order).ink();
            canvas.draw(html! {
                path class={ "stroke-" (ink.class()) } d=(marker::path(curve.into_iter())) fill="none"
                    stroke=(ink.colour()) stroke-width="1.6" stroke-linejoin="round" {}
            });
        }
        let mut markers = Vec::new();
        for placed in &points {
            if !self.is_line(placed) {
                lines.extend(draw_error_bars(canvas, placed, &frame));
            }
        }
        for placed in &points {
            let (x, y) = self.at(placed, &frame);
            if self.is_line(placed) {
                let (line, star) = self.draw_reference_line(canvas, placed, &frame);
                lines.push(line);
                markers.push(Disc { x: star.0, y: star.1, radius: radius(placed) });
                continue;
            }
            if placed.on_front {
                marker::ring(canvas, x, y);
            }
            let shape = marker::marker(placed.style, x, y, marker::RADIUS, false);
            canvas.draw(html! { g { title { (EscapedText(&self.describe(placed))) } (shape) } });
            markers.push(Disc { x, y, radius: radius(placed) });
        }
        let omitted =
            self.draw_labels(canvas, &points, &frame, LabelConstraints { bounds: frame.plot, markers, lines });
        (self.description(&points), omitted)
    }

    /// All points. The baseline is last and thus drawn on top.
    fn placed(&self, order: &SeriesOrder) -> Vec<StyledPoint<'_>> {
        let mut points = Vec::new();
        for series in &self.series {
            let style = style_of(&series.name, order);
            let of_series = |point| StyledPoint { point, style, name: &series.name, on_front: false };
            points.extend(series.points.iter().map(of_series));
        }
        points.extend(self.baseline.iter().map(|point| StyledPoint {
            point,
            style: SeriesStyle::BASELINE,
            name: "baseline",
            on_front: false,
        }));
        points
    }

    /// Marks the points on the Pareto front and returns their indices in order.
    fn mark_front(&self, points: &mut [StyledPoint<'_>]) -> Vec<usize> {
        let Some(directions) = self.pareto else { return Vec::new() };
        let values: Vec<(f64, f64)> =
            points.iter().map(|placed| (placed.point.x.value, placed.point.y.value)).collect();
        let front = pareto_front(&values, directions);
        for &i in &front {
            if let Some(placed) = points.get_mut(i) {
                placed.on_front = true;
            }
        }
        front
    }

    fn legend(&self, has_front: bool, order: &SeriesOrder) -> Vec<LegendEntry> {
        let mut entries = Vec::new();
        for series in &self.series {
            let symbol = LegendSymbol::Curve { style: style_of(&series.name, order), dashed: false, hollow: false };
            entries.push(LegendEntry { symbol, text: series.name.clone() });
        }
        if let Some(baseline) = self.baseline.as_ref().filter(|baseline| !baseline.label.is_empty()) {
            entries.push(LegendEntry { symbol: LegendSymbol::Baseline, text: baseline.label.clone() });
        }
        if has_front {
            entries.push(LegendEntry { symbol: LegendSymbol::Front, text: "Pareto front".to_owned() });
        }
        if let Some(labels) = &self.point_labels {
            entries.push(LegendEntry { symbol: LegendSymbol::None, text: format!("Point labels: {labels}") });
        }
        entries
    }

    fn at(&self, placed: &StyledPoint<'_>, frame: &Frame) -> (f64, f64) {
        (frame.x(placed.point.x.value), frame.y(placed.point.y.value))
    }

    /// Whether a point does not fit on one of the axes. Only the baseline may.
    fn is_line(&self, placed: &StyledPoint<'_>) -> bool {
        !fits_axis(placed.point.x.value, &self.x) || !fits_axis(placed.point.y.value, &self.y)
    }

    /// Draws the line with the baseline's marker near its start. Returns both positions.
    fn draw_reference_line(&self, canvas: &mut Canvas, placed: &StyledPoint<'_>, frame: &Frame) -> (Line, Point) {
        let ((x, y), plot) = (self.at(placed, frame), frame.plot);
        let (from, to, star) = if fits_axis(placed.point.x.value, &self.x) {
            ((x, plot.bottom), (x, plot.top), (x, plot.bottom - 14.0))
        } else {
            ((plot.left, y), (plot.right, y), (plot.left + 14.0, y))
        };
        let ink = Ink::Text;
        canvas.draw(html! {
            g {
                title { (EscapedText(&self.describe(placed))) }
                path class={ "stroke-" (ink.class()) } d=(marker::path([from, to].into_iter())) fill="none"
                    stroke=(ink.colour()) stroke-width="1.2" stroke-dasharray="6 4" {}
                (marker::marker(SeriesStyle::BASELINE, star.0, star.1, marker::RADIUS, false))
            }
        });
        ((from, to), star)
    }

    fn draw_labels(
        &self,
        canvas: &mut Canvas,
        points: &[StyledPoint<'_>],
        frame: &Frame,
        around: LabelConstraints,
    ) -> Vec<String> {
        let labelled: Vec<&StyledPoint<'_>> =
            points.iter().filter(|placed| !placed.point.label.is_empty() && !self.is_line(placed)).collect();
        let wanted: Vec<LabelRequest> = labelled
            .iter()
            .map(|placed| {
                let (x, y) = self.at(placed, frame);
                let width = font::width(&placed.point.label, LABEL_SIZE);
                let marker = Disc { x, y, radius: radius(placed) };
                LabelRequest { marker, width, height: (font::ASCENT + font::DESCENT) * LABEL_SIZE }
            })
            .collect();
        let mut omitted = Vec::new();
        for (placed, place) in labelled.iter().zip(place_labels(&wanted, &around)) {
            let Some(place) = place else {
                omitted.push(format!("{}: {}", placed.name, placed.point.label));
                continue;
            };
            canvas.write(TextElement {
                text: &placed.point.label,
                x: (place.left + place.right) / 2.0,
                y: place.top + font::ASCENT * LABEL_SIZE,
                size: LABEL_SIZE,
                anchor: Anchor::Middle,
                ink: placed.style.text_ink(),
                rotated: false,
                outlined: true,
            });
        }
        omitted
    }

    /// Describes a point with its numbers.
    fn describe(&self, placed: &StyledPoint<'_>) -> String {
        let label = match &self.point_labels {
            Some(what) if placed.style != SeriesStyle::BASELINE => format!("{what} {}", placed.point.label),
            _ => placed.point.label.clone(),
        };
        let front = if placed.on_front { "; on the Pareto front" } else { "" };
        let (x, y) = (describe_number(&placed.point.x), describe_number(&placed.point.y));
        format!("{}, {label}: {} {x}; {} {y}{front}", placed.name, self.x.title, self.y.title)
    }

    fn description(&self, points: &[StyledPoint<'_>]) -> String {
        let descriptions: Vec<String> = points.iter().map(|placed| self.describe(placed)).collect();
        format!("{} against {}. {}.", self.y.title, self.x.title, descriptions.join(". "))
    }
}

fn style_of(name: &str, order: &SeriesOrder) -> SeriesStyle {
    order.style(name, &SeriesColour::OwnName)
}

fn radius(placed: &StyledPoint<'_>) -> f64 {
    if placed.on_front { marker::RADIUS * 1.85 } else { marker::RADIUS * 1.25 }
}

fn describe_number(number: &Estimate) -> String {
    match number.interval {
        Some(interval) => format!("{} [{}, {}]", short(number.value), short(interval.low), short(interval.high)),
        None => short(number.value),
    }
}

/// The corners of the step line through the Pareto front, from the best value of the first measure to the worst. The
/// attainable value of the second measure changes at each point.
fn steps(front: &[(f64, f64)], directions: ParetoDirections, plot: &Rect) -> Vec<(f64, f64)> {
    let worst_x = if directions.x == Better::Lower { plot.right } else { plot.left };
    let worst_y = if directions.y == Better::Lower { plot.top } else { plot.bottom };
    let mut corners = Vec::new();
    let mut level = worst_y;
    for &(x, y) in front {
        corners.extend([(x, level), (x, y)]);
        level = y;
    }
    if !corners.is_empty() {
        corners.push((worst_x, level));
    }
    corners
}

/// Draws a point's error bars and returns their lines.
fn draw_error_bars(canvas: &mut Canvas, placed: &StyledPoint<'_>, frame: &Frame) -> Vec<Line> {
    const CAP: f64 = 3.0;
    let ScatterPoint { x, y, .. } = placed.point;
    let ink = placed.style.ink();
    let (column, row) = (frame.x(x.value), frame.y(y.value));
    let mut bars: Vec<Line> = Vec::new();
    let mut caps: Vec<Line> = Vec::new();
    if let Some(interval) = x.interval.filter(|interval| interval.high > interval.low) {
        let ends = [frame.x(interval.low), frame.x(interval.high)];
        bars.push(((ends[0], row), (ends[1], row)));
        let within = ends.into_iter().filter(|end| *end > frame.plot.left && *end < frame.plot.right);
        caps.extend(within.map(|end| ((end, row - CAP), (end, row + CAP))));
    }
    if let Some(interval) = y.interval.filter(|interval| interval.high > interval.low) {
        let ends = [frame.y(interval.low), frame.y(interval.high)];
        bars.push(((column, ends[0]), (column, ends[1])));
        let within = ends.into_iter().filter(|end| *end > frame.plot.top && *end < frame.plot.bottom);
        caps.extend(within.map(|end| ((column - CAP, end), (column + CAP, end))));
    }
    let path: String = bars.iter().chain(&caps).map(|(from, to)| marker::path([*from, *to].into_iter())).collect();
    if !path.is_empty() {
        canvas.draw(html! {
            path class={ "stroke-" (ink.class()) } d=(path) fill="none" stroke=(ink.colour()) stroke-width="1.1"
                stroke-opacity="0.6" {}
        });
    }
    bars
}
