//! Labels beside their points, so that none covers a marker or another label.

use super::canvas::{Disc, Rect};

/// A label that wants a place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub marker: Disc,
    pub width: f64,
    pub height: f64,
}

/// What labels have to do with.
pub(crate) struct Surroundings {
    /// Labels stay within it.
    pub bounds: Rect,
    /// No label may cover one of these.
    pub markers: Vec<Disc>,
    /// Labels would rather not cross one of these lines.
    pub lines: Vec<((f64, f64), (f64, f64))>,
}

/// Directions from the point, the preferred ones first: right above, right, above, left above, left, right below, …
const DIRECTIONS: [(f64, f64); 8] =
    [(1.0, -1.0), (1.0, 0.0), (0.0, -1.0), (-1.0, -1.0), (-1.0, 0.0), (1.0, 1.0), (-1.0, 1.0), (0.0, 1.0)];

/// Distances from the marker in pixels.
const DISTANCES: [f64; 3] = [1.5, 5.0, 10.0];

/// How often labels look for a better place than the one they have.
const ROUNDS: usize = 4;

/// A place for each label, none for those that have nowhere to go.
///
/// Those with the fewest places choose first; then each may move to a better place among those that the others leave.
pub(crate) fn place_labels(wanted: &[Wanted], surroundings: &Surroundings) -> Vec<Option<Rect>> {
    let candidates: Vec<Vec<(Rect, f64)>> = wanted.iter().map(|label| places(label, surroundings)).collect();
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|&i| candidates.get(i).map_or(0, Vec::len));
    let mut chosen: Vec<Option<Rect>> = vec![None; wanted.len()];
    for _ in 0..ROUNDS {
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

/// Where a label could go if it were alone, with the cost of each place.
fn places(label: &Wanted, surroundings: &Surroundings) -> Vec<(Rect, f64)> {
    let mut places = Vec::new();
    for (far, distance) in DISTANCES.iter().enumerate() {
        for (late, (right, down)) in DIRECTIONS.iter().enumerate() {
            // Diagonal places are drawn in, or they would look further away than the others.
            let reach = (label.marker.radius + distance) * if right * down == 0.0 { 1.0 } else { 0.75 };
            let (x, y) = (label.marker.x + right * reach, label.marker.y + down * reach);
            let left = x + (right - 1.0) / 2.0 * label.width;
            let top = y + (down - 1.0) / 2.0 * label.height;
            let place = Rect { left, top, right: left + label.width, bottom: top + label.height };
            let is_covered = surroundings.markers.iter().any(|marker| marker.overlaps(&place));
            if is_covered || !surroundings.bounds.contains(&place) {
                continue;
            }
            let crossed = surroundings.lines.iter().filter(|(from, to)| crosses(*from, *to, &place)).count();
            // What is nearer to another marker looks like that one's.
            let own = label.marker.distance(&place);
            let strange = surroundings.markers.iter().filter(|marker| marker.distance(&place) < own).count();
            let cost = 0.7 * crossed as f64 + 1.5 * strange as f64 + 0.6 * far as f64 + 0.08 * late as f64;
            places.push((place, cost));
        }
    }
    places
}

/// Whether a line runs through a rectangle (Liang and Barsky's clipping).
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

    fn label(x: f64, y: f64) -> Wanted {
        Wanted { marker: Disc { x, y, radius: 5.0 }, width: 20.0, height: 12.0 }
    }

    fn surroundings(wanted: &[Wanted], bounds: Rect) -> Surroundings {
        let markers = wanted.iter().map(|label| label.marker).collect();
        Surroundings { bounds, markers, lines: Vec::new() }
    }

    #[test]
    fn no_label_covers_a_marker_or_a_label() {
        let bounds = Rect { left: 0.0, top: 0.0, right: 300.0, bottom: 200.0 };
        let place = |i: u32, step: u32, within: u32| 10.0 + f64::from(i * step % within);
        let wanted: Vec<Wanted> = (0..40).map(|i| label(place(i, 71, 280), place(i, 53, 180))).collect();
        let surroundings = surroundings(&wanted, bounds);
        let placed: Vec<Rect> = place_labels(&wanted, &surroundings).into_iter().flatten().collect();
        assert!(placed.len() >= 30, "{} of 40", placed.len());
        for (i, one) in placed.iter().enumerate() {
            assert!(bounds.contains(one));
            assert!(!surroundings.markers.iter().any(|marker| marker.overlaps(one)));
            assert!(!placed.iter().skip(i + 1).any(|other| other.overlaps(one)));
        }
    }

    #[test]
    fn a_label_without_a_place_is_left_out() {
        let wanted = [label(10.0, 10.0)];
        let tight = Rect { left: 0.0, top: 0.0, right: 20.0, bottom: 20.0 };
        assert_eq!(place_labels(&wanted, &surroundings(&wanted, tight)), [None]);
    }

    #[test]
    fn a_label_keeps_off_lines_where_it_can() {
        let wanted = [label(50.0, 50.0)];
        let mut around = surroundings(&wanted, Rect { left: 0.0, top: 0.0, right: 100.0, bottom: 100.0 });
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
