use crate::checks::{check_all_finite, check_same_length};
use crate::pareto::{gains, maximised};
use crate::{Direction, Error, Result};

/// The hypervolume indicator (Zitzler and Thiele, 1999): the volume of the points that are dominated by at least one of `points` and better
/// than the reference point in every coordinate. In two dimensions it is an area.
///
/// Points that are not better than the reference point in all coordinates, or not on the front, do not contribute. In more than two
/// dimensions, the time grows exponentially with the number of dimensions: it is meant for a hundred points in up to six.
///
/// ```
/// use align_metrics::{Direction::{Maximise, Minimise}, hypervolume};
/// // Rectangles of 2 × 5 and 1 × 9 that overlap in 1 × 5.
/// let area = hypervolume(&[[2.0, 5.0], [1.0, 1.0]], &[Maximise, Minimise], &[0.0, 10.0])?;
/// assert_eq!(area, 14.0);
/// # Ok::<(), align_metrics::Error>(())
/// ```
///
/// # Errors
/// No points or no directions, a point without a coordinate for each direction, or a coordinate that is not finite.
pub fn hypervolume(points: &[impl AsRef<[f64]>], directions: &[Direction], reference: &[f64]) -> Result<f64> {
    if directions.is_empty() {
        return Err(Error::Empty("directions"));
    }
    check_same_length("coordinates of the reference", "directions'", directions.len(), reference.len())?;
    check_all_finite("reference's coordinate", reference.iter().copied())?;
    let base = maximised(reference, directions);
    let above = |point: Vec<f64>| point.iter().zip(&base).map(|(x, base)| x - base).collect::<Vec<f64>>();
    let sides = gains(points, directions)?.into_iter().map(above);
    let volume = union_of_boxes(sides.filter(|sides| sides.iter().all(|side| *side > 0.0)).collect());
    if volume.is_finite() { Ok(volume) } else { Err(Error::Overflow("coordinates", "volume")) }
}

/// The volume of the union of boxes that have a corner at the origin: the sum over the boxes of what each adds to those after it
/// (While, Bradstreet and Barone, 2012).
fn union_of_boxes(mut boxes: Vec<Vec<f64>>) -> f64 {
    boxes = without_dominated(boxes);
    match boxes.first().map(Vec::len) {
        None => 0.0,
        Some(2) => union_of_rectangles(boxes),
        Some(_) => {
            // Boxes that are small on one side come first: their common parts with the others are dominated early.
            boxes.sort_by(|a, b| a.last().unwrap_or(&0.0).total_cmp(b.last().unwrap_or(&0.0)));
            (0..boxes.len()).map(|index| exclusive(&boxes, index)).sum()
        }
    }
}

/// The part of a box that no later box covers.
fn exclusive(boxes: &[Vec<f64>], index: usize) -> f64 {
    let Some((own, later)) = boxes.get(index..).and_then(<[Vec<f64>]>::split_first) else { return 0.0 };
    let common = |other: &Vec<f64>| own.iter().zip(other).map(|(a, b)| a.min(*b)).collect();
    own.iter().product::<f64>() - union_of_boxes(later.iter().map(common).collect())
}

/// The boxes that no other box contains; of equal boxes, the first one.
fn without_dominated(boxes: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let contains = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| a >= b);
    let mut kept: Vec<Vec<f64>> = Vec::with_capacity(boxes.len());
    for candidate in boxes {
        if !kept.iter().any(|other| contains(other, &candidate)) {
            kept.retain(|other| !contains(&candidate, other));
            kept.push(candidate);
        }
    }
    kept
}

/// The area of a staircase of rectangles, none of which contains another.
fn union_of_rectangles(mut rectangles: Vec<Vec<f64>>) -> f64 {
    let side = |rectangle: &[f64], axis: usize| rectangle.get(axis).copied().unwrap_or(0.0);
    rectangles.sort_by(|a, b| side(b, 0).total_cmp(&side(a, 0)));
    let heights = std::iter::once(0.0).chain(rectangles.iter().map(|rectangle| side(rectangle, 1)));
    rectangles.iter().zip(heights).map(|(rectangle, below)| side(rectangle, 0) * (side(rectangle, 1) - below)).sum()
}
