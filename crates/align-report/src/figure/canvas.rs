use super::font;
use super::palette::Ink;
use crate::plain_text::{PlainText, spelt_out};
use maud::{Markup, PreEscaped, Render, html};
use std::fmt::Write;

/// A rectangle in pixels, y downwards.
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

    /// From its rim to a rectangle, negative where they overlap.
    pub(crate) fn distance(&self, rect: &Rect) -> f64 {
        let beside = self.x - self.x.clamp(rect.left, rect.right);
        let above = self.y - self.y.clamp(rect.top, rect.bottom);
        beside.hypot(above) - self.radius
    }
}

/// Where a text is in relation to its point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// A line of text to be drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words<'a> {
    pub text: &'a str,
    pub x: f64,
    /// Of the baseline.
    pub y: f64,
    pub size: f64,
    pub anchor: Anchor,
    pub ink: Ink,
    /// Turned to be read from the right-hand side.
    pub upright: bool,
    /// With a rim of the paper's colour, to be read across lines.
    pub rim: bool,
}

impl Words<'_> {
    /// What it takes up at most.
    pub(crate) fn bounds(&self) -> Rect {
        let width = font::width(&spelt_out(self.text), self.size);
        let before = match self.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => width / 2.0,
            Anchor::End => width,
        };
        let (above, below) = (font::ASCENT * self.size, font::DESCENT * self.size);
        if self.upright {
            let bottom = self.y + before;
            return Rect { left: self.x - above, right: self.x + below, top: bottom - width, bottom };
        }
        let left = self.x - before;
        Rect { left, right: left + width, top: self.y - above, bottom: self.y + below }
    }
}

/// A length or a place in pixels, to a hundredth.
pub(crate) struct Px(pub f64);

impl Render for Px {
    fn render_to(&self, buffer: &mut String) {
        // Adding 0 makes a positive zero of a negative one. Writing to a string never fails.
        let _ = write!(buffer, "{}", (self.0 * 100.0).round() / 100.0 + 0.0);
    }
}

/// What a figure's elements are drawn on, back to front.
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

    pub(crate) fn write(&mut self, words: Words<'_>) {
        let anchor = match words.anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let turn = words.upright.then(|| html! { "rotate(-90 " (Px(words.x)) " " (Px(words.y)) ")" });
        let class = format!("fill-{}{}", words.ink.class(), if words.rim { " stroke-paper" } else { "" });
        self.draw(html! {
            text class=(class) x=(Px(words.x)) y=(Px(words.y)) font-size=(Px(words.size)) text-anchor=(anchor)
                fill=(words.ink.colour()) transform=[turn.map(|turn| turn.0)]
                stroke=[words.rim.then_some(Ink::Paper.colour())] stroke-width=[words.rim.then_some("3")]
                stroke-linejoin=[words.rim.then_some("round")] paint-order=[words.rim.then_some("stroke")] {
                (PlainText(words.text))
            }
        });
    }

    /// The finished picture.
    pub(crate) fn svg(&self, title: &str, description: &str) -> String {
        let (width, height) = (Px(self.width), Px(self.height));
        let svg = html! {
            svg xmlns="http://www.w3.org/2000/svg" width=(width) height=(height) viewBox={ "0 0 " (width) " " (height) }
                role="img" font-family=(font::FAMILIES) {
                title { (PlainText(title)) }
                desc { (PlainText(description)) }
                rect class="fill-paper" width=(width) height=(height) fill=(Ink::Paper.colour()) {}
                (PreEscaped(&self.elements))
            }
        };
        svg.0
    }
}
