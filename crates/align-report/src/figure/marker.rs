//! Marker shapes that distinguish the series also in black and white.

use super::canvas::{Canvas, Px};
use super::palette::Ink;
use super::series_style::SeriesStyle;
use maud::{Markup, html};
use std::f64::consts::TAU;

/// Radius around a marker that must be kept free.
pub(crate) const RADIUS: f64 = 5.0;

/// The marker of a series, in its colour. A hollow one is filled with the colour of the background.
pub(crate) fn marker(style: SeriesStyle, x: f64, y: f64, radius: f64, hollow: bool) -> Markup {
    let colours = if hollow { (Ink::Paper, style.ink()) } else { (style.ink(), Ink::Paper) };
    let Some(series) = style.number() else { return shape(colours, &star(x, y, radius * 1.6, 5, 0.42)) };
    let path = match series % 8 {
        0 => return disc(colours, x, y, radius * 0.95),
        1 => polygon(x, y, radius * 1.2, 4, 0.125),
        2 => polygon(x, y + radius * 0.2, radius * 1.25, 3, 0.0),
        3 => polygon(x, y, radius * 1.3, 4, 0.0),
        4 => polygon(x, y - radius * 0.2, radius * 1.25, 3, 0.5),
        5 => star(x, y, radius * 1.3, 4, 0.45),
        6 => polygon(x, y, radius * 1.15, 6, 0.0),
        _ => star(x, y, radius * 1.3, 3, 0.45),
    };
    shape(colours, &path)
}

/// A circle around the marker of a point on the Pareto front.
pub(crate) fn ring(canvas: &mut Canvas, x: f64, y: f64) {
    let ink = Ink::Text;
    canvas.draw(html! {
        circle class={ "stroke-" (ink.class()) } cx=(Px(x)) cy=(Px(y)) r=(Px(RADIUS * 1.75)) fill="none"
            stroke=(ink.colour()) {}
    });
}

/// The colours of a marker's area and its edge.
type Colours = (Ink, Ink);

fn disc((area, edge): Colours, x: f64, y: f64, radius: f64) -> Markup {
    html! {
        circle class={ "fill-" (area.class()) " stroke-" (edge.class()) } cx=(Px(x)) cy=(Px(y)) r=(Px(radius))
            fill=(area.colour()) stroke=(edge.colour()) stroke-width=[edge_width(area)] {}
    }
}

fn shape((area, edge): Colours, path: &str) -> Markup {
    html! {
        path class={ "fill-" (area.class()) " stroke-" (edge.class()) } d=(path) fill=(area.colour())
            stroke=(edge.colour()) stroke-width=[edge_width(area)] {}
    }
}

/// The edge of a hollow marker is as wide as a line.
fn edge_width(area: Ink) -> Option<&'static str> {
    (area == Ink::Paper).then_some("1.6")
}

/// A regular polygon. Its first corner is at the top, or rotated clockwise by `turn` of a full turn.
fn polygon(x: f64, y: f64, radius: f64, corners: u32, turn: f64) -> String {
    closed((0..corners).map(|i| corner(x, y, radius, f64::from(i) / f64::from(corners) + turn)))
}

/// A star whose inner corners are at a fraction of the radius.
fn star(x: f64, y: f64, radius: f64, rays: u32, inner: f64) -> String {
    closed((0..2 * rays).map(|i| {
        let length = if i % 2 == 0 { radius } else { radius * inner };
        corner(x, y, length, f64::from(i) / f64::from(2 * rays))
    }))
}

fn corner(x: f64, y: f64, radius: f64, turn: f64) -> (f64, f64) {
    (x + radius * (turn * TAU).sin(), y - radius * (turn * TAU).cos())
}

fn closed(corners: impl Iterator<Item = (f64, f64)>) -> String {
    path(corners) + "Z"
}

/// Path data that connects the points.
pub(crate) fn path(points: impl Iterator<Item = (f64, f64)>) -> String {
    let step = |(i, (x, y)): (usize, (f64, f64))| {
        let letter = if i == 0 { "M" } else { "L" };
        html! { (letter) (Px(x)) " " (Px(y)) }.0
    };
    points.enumerate().map(step).collect()
}
