use super::axis::{Range, Scale};
use super::canvas::{Anchor, Canvas, Px, TextElement};
use super::font;
use super::marker;
use super::palette::Ink;
use super::ticks::ticks;
use crate::estimate::check_number;
use crate::number::short;
use crate::{Error, Result};
use maud::html;
use serde::{Deserialize, Serialize};

/// A tree of items that are near each other, such as models: the result of hierarchical clustering, with the distance at which clusters
/// are joined on the horizontal axis. The figure is as high as its leaves need.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dendrogram {
    /// The title for screen readers. It is not drawn.
    pub title: String,
    /// The title of the axis: the distance, with its unit.
    pub distance: String,
    /// The names of the items.
    pub leaves: Vec<String>,
    /// The merges in the order in which they are made.
    pub merges: Vec<DendrogramMerge>,
}

/// Two clusters that are joined.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DendrogramMerge {
    /// The clusters: items are numbered from 0, and the merge at index i makes cluster `items + i`.
    pub clusters: [usize; 2],
    /// The distance of the clusters, at least 0.
    pub height: f64,
}

const MARGIN: f64 = 8.0;
const LABEL_SIZE: f64 = 11.5;
const TICK_SIZE: f64 = 10.5;
const TITLE_SIZE: f64 = 12.0;
const LABEL_GAP: f64 = 8.0;
const WIDEST_LABELS: f64 = 0.45;
const HIGHEST_ROW: f64 = 40.0;
const LOWEST_ROW: f64 = 20.0;
/// Height of the axis with its labels and title.
const AXIS_HEIGHT: f64 = 44.0;
const LINE: f64 = 1.8;

/// A cluster while the tree is drawn: where its line begins.
#[derive(Clone, Copy)]
struct Node {
    x: f64,
    y: f64,
}

impl Dendrogram {
    pub(super) fn check(&self) -> Result<()> {
        let place = || format!("figure {:?}", self.title);
        if self.leaves.len() < 2 {
            return Err(Error::Empty { place: place(), expected: "at least two leaves" });
        }
        if self.merges.len() + 1 != self.leaves.len() {
            let (expected, found) = (self.leaves.len() - 1, self.merges.len());
            return Err(Error::Parts { place: place(), what: "merges, one less than leaves", expected, found });
        }
        let mut joined = vec![false; self.leaves.len() + self.merges.len()];
        for (at, merge) in self.merges.iter().enumerate() {
            let place = || format!("{}, merge {}", place(), at + 1);
            check_number(merge.height, place, "height")?;
            if merge.height < 0.0 {
                let expected = "a distance of at least 0";
                return Err(Error::Number { place: place(), name: "height".into(), expected, found: merge.height });
            }
            for cluster in merge.clusters {
                let is_there = cluster < self.leaves.len() + at;
                match joined.get_mut(cluster).filter(|joined| is_there && !**joined) {
                    Some(joined) => *joined = true,
                    None => {
                        let expected = "a cluster that exists and is not joined yet";
                        let (name, found) = ("cluster".to_owned(), cluster as f64);
                        return Err(Error::Number { place: place(), name, expected, found });
                    }
                }
            }
        }
        Ok(())
    }

    /// Draws the tree and returns the description.
    pub(super) fn draw(&self, canvas: &mut Canvas) -> String {
        let count = self.leaves.len() as f64;
        let row = ((canvas.height - 2.0 * MARGIN - AXIS_HEIGHT) / count).clamp(LOWEST_ROW, HIGHEST_ROW);
        canvas.height = 2.0 * MARGIN + AXIS_HEIGHT + row * count;
        let widest = self.leaves.iter().map(|name| font::width(name, LABEL_SIZE)).fold(0.0, f64::max);
        let labels = widest.min(WIDEST_LABELS * canvas.width);
        let (left, right) = (MARGIN + labels + LABEL_GAP, canvas.width - 26.0);
        let bottom = MARGIN + row * count;
        let highest = self.merges.iter().map(|merge| merge.height).fold(0.0, f64::max);
        let high = if highest > 0.0 { highest } else { 1.0 };
        let range = Range { scale: Scale::Linear, low: 0.0, high };
        let x = |value: f64| left + range.fraction(value) * (right - left);
        self.draw_axis(canvas, range, (left, right, bottom));
        let mut nodes = vec![Node { x: left, y: 0.0 }; self.leaves.len()];
        for (place, leaf) in self.order().into_iter().enumerate() {
            let y = MARGIN + (place as f64 + 0.5) * row;
            if let Some(node) = nodes.get_mut(leaf) {
                node.y = y;
            }
            let name = font::cut(self.leaves.get(leaf).map_or("", String::as_str), LABEL_SIZE, labels);
            let x = left - LABEL_GAP;
            canvas.write(TextElement { x, y: y + 0.35 * LABEL_SIZE, anchor: Anchor::End, ..label(&name, LABEL_SIZE) });
        }
        for merge in &self.merges {
            let [a, b] = merge.clusters.map(|cluster| nodes.get(cluster).copied().unwrap_or(Node { x: left, y: 0.0 }));
            let at = x(merge.height);
            draw_path(canvas, &[(a.x, a.y), (at, a.y), (at, b.y), (b.x, b.y)]);
            nodes.push(Node { x: at, y: (a.y + b.y) / 2.0 });
        }
        if let Some(root) = nodes.last() {
            draw_path(canvas, &[(root.x, root.y), (root.x + 10.0, root.y)]);
        }
        self.describe()
    }

    /// The leaves from top to bottom: those of a cluster stand together.
    fn order(&self) -> Vec<usize> {
        let mut members: Vec<Vec<usize>> = (0..self.leaves.len()).map(|leaf| vec![leaf]).collect();
        for merge in &self.merges {
            let both = merge.clusters.iter().filter_map(|cluster| members.get(*cluster)).flatten().copied().collect();
            members.push(both);
        }
        members.pop().unwrap_or_default()
    }

    fn draw_axis(&self, canvas: &mut Canvas, range: Range, (left, right, bottom): (f64, f64, f64)) {
        let most = ((right - left) / 60.0).clamp(2.0, 8.0) as usize;
        let mut end = f64::NEG_INFINITY;
        for tick in ticks(range, most) {
            let at = left + range.fraction(tick.value) * (right - left);
            canvas.line((at, MARGIN), (at, bottom), Ink::Grid, 1.0);
            canvas.line((at, bottom), (at, bottom + 4.0), Ink::Muted, 1.0);
            let text =
                TextElement { x: at, y: bottom + 6.0 + TICK_SIZE, ink: Ink::Muted, ..label(&tick.label, TICK_SIZE) };
            let bounds = text.bounds();
            if bounds.left > end && bounds.right <= canvas.width {
                end = bounds.right + 6.0;
                canvas.write(text);
            }
        }
        canvas.line((left, bottom), (right, bottom), Ink::Muted, 1.0);
        let title = font::cut(&self.distance, TITLE_SIZE, canvas.width - 2.0 * MARGIN);
        let half = font::width(&title, TITLE_SIZE) / 2.0;
        let x = ((left + right) / 2.0).min(canvas.width - MARGIN - half).max(MARGIN + half);
        canvas.write(TextElement { x, y: bottom + AXIS_HEIGHT - 8.0, ..label(&title, TITLE_SIZE) });
    }

    fn describe(&self) -> String {
        let mut names = self.leaves.clone();
        let mut sentences = vec![format!("Tree of {} by {}.", self.leaves.join(", "), self.distance)];
        for merge in &self.merges {
            let [a, b] = merge.clusters.map(|cluster| names.get(cluster).cloned().unwrap_or_default());
            sentences.push(format!("{a} and {b} are joined at {}.", short(merge.height)));
            names.push(format!("({a}, {b})"));
        }
        sentences.join(" ")
    }
}

fn draw_path(canvas: &mut Canvas, points: &[(f64, f64)]) {
    let ink = Ink::Series(0);
    canvas.draw(html! {
        path class={ "stroke-" (ink.class()) } d=(marker::path(points.iter().copied())) fill="none"
            stroke=(ink.colour()) stroke-width=(Px(LINE)) stroke-linejoin="round" {}
    });
}

fn label(text: &str, size: f64) -> TextElement<'_> {
    TextElement { text, x: 0.0, y: 0.0, size, anchor: Anchor::Middle, ink: Ink::Text, rotated: false, outlined: false }
}
