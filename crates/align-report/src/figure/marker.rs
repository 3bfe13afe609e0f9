//! Marker shapes that distinguish the series also in black and white.

use super::canvas::{Canvas, Px};
use super::palette::Ink;
use maud::{Markup, html};
use std::f64::consts::TAU;

/// Radius around a marker that must be kept free.
pub(crate) const RADIUS: f64 = 5.0;

/// The marker of a series, in its colour.
pub(crate) fn marker(series: usize, x: f64, y: f64, radius: f64) -> Markup {
    let path = match series % 8 {
        0 => return disc(Ink::Series(series), x, y, radius * 0.95),
        1 => polygon(x, y, radius * 1.2, 4, 0.125),
        2 => polygon(x, y + radius * 0.2, radius * 1.25, 3, 0.0),
        3 => polygon(x, y, radius * 1.3, 4, 0.0),
        4 => polygon(x, y - radius * 0.2, radius * 1.25, 3, 0.5),
        5 => star(x, y, radius * 1.3, 4, 0.45),
        6 => polygon(x, y, radius * 1.15, 6, 0.0),
        _ => star(x, y, radius * 1.3, 3, 0.45),
    };
    shape(Ink::Series(series), &path)
}

/// The marker of the baseline: a star in the text colour.
pub(crate) fn baseline(x: f64, y: f64, radius: f64) -> Markup {
    shape(Ink::Text, &star(x, y, radius * 1.6, 5, 0.42))
}

/// A circle around the marker of a point on the Pareto front.
pub(crate) fn ring(canvas: &mut Canvas, x: f64, y: f64) {
    let ink = Ink::Text;
    canvas.draw(html! {
        circle class={ "stroke-" (ink.class()) } cx=(Px(x)) cy=(Px(y)) r=(Px(RADIUS * 1.75)) fill="none"
            stroke=(ink.colour()) {}
    });
}

fn disc(ink: Ink, x: f64, y: f64, radius: f64) -> Markup {
    html! {
        circle class={ "fill-" (ink.class()) " stroke-paper" } cx=(Px(x)) cy=(Px(y)) r=(Px(radius)) fill=(ink.colour())
            stroke=(Ink::Paper.colour()) {}
    }
}

fn shape(ink: Ink, path: &str) -> Markup {
    html! {
        path class={ "fill-" (ink.class()) " stroke-paper" } d=(path) fill=(ink.colour())
            stroke=(Ink::Paper.colour()) {}
    }
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
