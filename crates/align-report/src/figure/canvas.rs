use super::font;
use super::palette::Ink;
use crate::escaped_text::{EscapedText, escape_control};
use maud::{Markup, PreEscaped, Render, html};
use std::fmt::Write;

/// A rectangle in pixels. The y axis points downwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rect {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Rect {
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }

    pub(crate) fn contains(&self, other: &Self) -> bool {
        let beside = self.left <= other.left && other.right <= self.right;
        beside && self.top <= other.top && other.bottom <= self.bottom
    }
}

/// A disc in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Disc {
    pub x: f64,
    pub y: f64,
    pub radius: f64,
}

impl Disc {
    pub(crate) fn overlaps(&self, rect: &Rect) -> bool {
        self.distance(rect) < 0.0
    }

    /// The distance from the edge to a rectangle; negative if they overlap.
    pub(crate) fn distance(&self, rect: &Rect) -> f64 {
        let beside = self.x - self.x.clamp(rect.left, rect.right);
        let above = self.y - self.y.clamp(rect.top, rect.bottom);
        beside.hypot(above) - self.radius
    }
}

/// The alignment of a text relative to its point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// A line of text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextElement<'a> {
    pub text: &'a str,
    pub x: f64,
    /// The y coordinate of the baseline.
    pub y: f64,
    pub size: f64,
    pub anchor: Anchor,
    pub ink: Ink,
    /// Rotated by 90° counterclockwise.
    pub rotated: bool,
    /// Outlined in the background colour, so that it is readable on top of lines.
    pub outlined: bool,
}

impl TextElement<'_> {
    /// An upper bound of the occupied rectangle.
    pub(crate) fn bounds(&self) -> Rect {
        let width = font::width(&escape_control(self.text), self.size);
        let before = match self.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => width / 2.0,
            Anchor::End => width,
        };
        let (above, below) = (font::ASCENT * self.size, font::DESCENT * self.size);
        if self.rotated {
            let bottom = self.y + before;
            return Rect { left: self.x - above, right: self.x + below, top: bottom - width, bottom };
        }
        let left = self.x - before;
        Rect { left, right: left + width, top: self.y - above, bottom: self.y + below }
    }
}

/// A coordinate in pixels, rounded to a hundredth.
pub(crate) struct Px(pub f64);

impl Render for Px {
    fn render_to(&self, buffer: &mut String) {
        // Adding 0 turns negative zero into zero. Writing to a string never fails.
        let _ = write!(buffer, "{}", (self.0 * 100.0).round() / 100.0 + 0.0);
    }
}

/// The elements of a figure, from back to front.
pub(crate) struct Canvas {
    pub width: f64,
    pub height: f64,
    elements: String,
}

impl Canvas {
    pub(crate) fn new(width: f64, height: f64) -> Self {
        Self { width, height, elements: String::new() }
    }

    pub(crate) fn draw(&mut self, markup: Markup) {
        self.elements.push_str(&markup.0);
    }

    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64), ink: Ink, width: f64) {
        self.draw(html! {
            line class={ "stroke-" (ink.class()) } x1=(Px(from.0)) y1=(Px(from.1)) x2=(Px(to.0)) y2=(Px(to.1))
                stroke=(ink.colour()) stroke-width=(Px(width)) {}
        });
    }

    pub(crate) fn write(&mut self, text: TextElement<'_>) {
        let anchor = match text.anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let turn = text.rotated.then(|| html! { "rotate(-90 " (Px(text.x)) " " (Px(text.y)) ")" });
        let class = format!("fill-{}{}", text.ink.class(), if text.outlined { " stroke-paper" } else { "" });
        self.draw(html! {
            text class=(class) x=(Px(text.x)) y=(Px(text.y)) font-size=(Px(text.size)) text-anchor=(anchor)
                fill=(text.ink.colour()) transform=[turn.map(|turn| turn.0)]
                stroke=[text.outlined.then_some(Ink::Paper.colour())] stroke-width=[text.outlined.then_some("3")]
                stroke-linejoin=[text.outlined.then_some("round")] paint-order=[text.outlined.then_some("stroke")] {
                (EscapedText(text.text))
            }
        });
    }

    /// The finished SVG.
    pub(crate) fn svg(&self, title: &str, description: &str) -> String {
        let (width, height) = (Px(self.width), Px(self.height));
        let svg = html! {
            svg xmlns="http://www.w3.org/2000/svg" width=(width) height=(height) viewBox={ "0 0 " (width) " " (height) }
                role="img" font-family=(font::FAMILIES) {
                title { (EscapedText(title)) }
                desc { (EscapedText(description)) }
                rect class="fill-paper" width=(width) height=(height) fill=(Ink::Paper.colour()) {}
                (PreEscaped(&self.elements))
            }
        };
        svg.0
    }
}
