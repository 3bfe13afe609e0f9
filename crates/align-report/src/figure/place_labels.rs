//! Places labels beside their points without covering markers or other labels.

use super::canvas::{Disc, Rect};

/// A label to be placed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LabelRequest {
    pub marker: Disc,
    pub width: f64,
    pub height: f64,
}

/// The constraints of label placement.
pub(crate) struct LabelConstraints {
    /// Labels must stay within this rectangle.
    pub bounds: Rect,
    /// Labels must not cover these discs.
    pub markers: Vec<Disc>,
    /// Labels should not cross these lines.
    pub lines: Vec<((f64, f64), (f64, f64))>,
}

/// Directions from the point in order of preference: above right, right, above, above left, left, below right, …
const DIRECTIONS: [(f64, f64); 8] =
    [(1.0, -1.0), (1.0, 0.0), (0.0, -1.0), (-1.0, -1.0), (-1.0, 0.0), (1.0, 1.0), (-1.0, 1.0), (0.0, 1.0)];

/// Distances from the marker in pixels.
const DISTANCES: [f64; 3] = [1.5, 5.0, 10.0];

/// Maximum number of improvement rounds.
const MAX_ROUNDS: usize = 4;

/// Places the labels; `None` if a label does not fit.
///
/// Labels with the fewest possible positions are placed first. Then each label may move to a better free position.
pub(crate) fn place_labels(wanted: &[LabelRequest], constraints: &LabelConstraints) -> Vec<Option<Rect>> {
    let candidates: Vec<Vec<(Rect, f64)>> = wanted.iter().map(|label| places(label, constraints)).collect();
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|&i| candidates.get(i).map_or(0, Vec::len));
    let mut chosen: Vec<Option<Rect>> = vec![None; wanted.len()];
    for _ in 0..MAX_ROUNDS {
        for &i in &order {
            let is_free = |place: &Rect| {
                let others = chosen.iter().enumerate().filter(|(j, _)| *j != i);
                !others.filter_map(|(_, other)| *other).any(|other| other.overlaps(place))
            };
            let free = candidates.get(i).into_iter().flatten().filter(|(place, _)| is_free(place));
            let best = free.min_by(|(_, one), (_, other)| one.total_cmp(other)).map(|(place, _)| *place);
            if let Some(place) = chosen.get_mut(i) {
                *place = best;
            }
        }
    }
    chosen
}

/// The possible positions of a label on its own, with their costs.
fn places(label: &LabelRequest, constraints: &LabelConstraints) -> Vec<(Rect, f64)> {
    let mut places = Vec::new();
    for (far, distance) in DISTANCES.iter().enumerate() {
        for (late, (right, down)) in DIRECTIONS.iter().enumerate() {
            // Diagonal positions are moved closer, or they would look further away than the others.
            let reach = (label.marker.radius + distance) * if right * down == 0.0 { 1.0 } else { 0.75 };
            let (x, y) = (label.marker.x + right * reach, label.marker.y + down * reach);
            let left = x + (right - 1.0) / 2.0 * label.width;
            let top = y + (down - 1.0) / 2.0 * label.height;
            let place = Rect { left, top, right: left + label.width, bottom: top + label.height };
            let is_covered = constraints.markers.iter().any(|marker| marker.overlaps(&place));
            if is_covered || !constraints.bounds.contains(&place) {
                continue;
            }
            let crossed = constraints.lines.iter().filter(|(from, to)| crosses(*from, *to, &place)).count();
            // A label that is nearer to another marker seems to belong to it.
            let own = label.marker.distance(&place);
            let strange = constraints.markers.iter().filter(|marker| marker.distance(&place) < own).count();
            let cost = 0.7 * crossed as f64 + 1.5 * strange as f64 + 0.6 * far as f64 + 0.08 * late as f64;
            places.push((place, cost));
        }
    }
    places
}

/// Whether a line crosses a rectangle (Liang–Barsky clipping).
fn crosses(from: (f64, f64), to: (f64, f64), rect: &Rect) -> bool {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let (mut enters, mut leaves) = (0.0f64, 1.0f64);
    let edges =
        [(-dx, from.0 - rect.left), (dx, rect.right - from.0), (-dy, from.1 - rect.top), (dy, rect.bottom - from.1)];
    for (speed, room) in edges {
        if speed == 0.0 {
            if room < 0.0 {
                return false;
            }
        } else if speed < 0.0 {
            enters = enters.max(room / speed);
        } else {
            leaves = leaves.min(room / speed);
        }
    }
    enters <= leaves
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(x: f64, y: f64) -> LabelRequest {
        LabelRequest { marker: Disc { x, y, radius: 5.0 }, width: 20.0, height: 12.0 }
    }

    fn constraints(wanted: &[LabelRequest], bounds: Rect) -> LabelConstraints {
        let markers = wanted.iter().map(|label| label.marker).collect();
        LabelConstraints { bounds, markers, lines: Vec::new() }
    }

    #[test]
    fn no_label_covers_a_marker_or_a_label() {
        let bounds = Rect { left: 0.0, top: 0.0, right: 300.0, bottom: 200.0 };
        let place = |i: u32, step: u32, within: u32| 10.0 + f64::from(i * step % within);
        let wanted: Vec<LabelRequest> = (0..40).map(|i| label(place(i, 71, 280), place(i, 53, 180))).collect();
        let constraints = constraints(&wanted, bounds);
        let placed: Vec<Rect> = place_labels(&wanted, &constraints).into_iter().flatten().collect();
        assert!(placed.len() >= 30, "{} of 40", placed.len());
        for (i, one) in placed.iter().enumerate() {
            assert!(bounds.contains(one));
            assert!(!constraints.markers.iter().any(|marker| marker.overlaps(one)));
            assert!(!placed.iter().skip(i + 1).any(|other| other.overlaps(one)));
        }
    }

    #[test]
    fn a_label_that_does_not_fit_is_omitted() {
        let wanted = [label(10.0, 10.0)];
        let tight = Rect { left: 0.0, top: 0.0, right: 20.0, bottom: 20.0 };
        assert_eq!(place_labels(&wanted, &constraints(&wanted, tight)), [None]);
    }

    #[test]
    fn labels_avoid_lines_if_possible() {
        let wanted = [label(50.0, 50.0)];
        let mut around = constraints(&wanted, Rect { left: 0.0, top: 0.0, right: 100.0, bottom: 100.0 });
        let first = place_labels(&wanted, &around)[0].unwrap_or(around.bounds);
        assert!(first.left > 50.0 && first.bottom < 50.0, "{first:?}");
        around.lines.push(((50.0, 50.0), (100.0, 0.0)));
        let second = place_labels(&wanted, &around)[0].unwrap_or(around.bounds);
        assert!(!crosses((50.0, 50.0), (100.0, 0.0), &second), "{second:?}");
    }

    #[test]
    fn crossings_are_found() {
        let rect = Rect { left: 0.0, top: 0.0, right: 10.0, bottom: 10.0 };
        assert!(crosses((-5.0, 5.0), (15.0, 5.0), &rect));
        assert!(crosses((4.0, 4.0), (6.0, 6.0), &rect));
        assert!(!crosses((-5.0, 6.0), (6.0, 17.0), &rect));
        assert!(!crosses((11.0, -5.0), (11.0, 15.0), &rect));
    }
}
