use crate::checks::{check_all_finite, check_same_length};
use crate::pareto::{gains, maximised};
use crate::{Direction, Error, Result};

/// The hypervolume indicator (Zitzler and Thiele, 1999): the volume of the points that are dominated by at least one of `points` and better
/// than the reference point in every coordinate. In two dimensions it is an area.
///
/// Points that are not better than the reference point in all coordinates, or not on the front, do not contribute. The time is
/// `O(n^(d-1) log n)` for `n` points in `d` dimensions.
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
    let sides: Vec<Vec<f64>> = gains(points, directions)?.into_iter().map(above).collect();
    let better: Vec<&[f64]> =
        sides.iter().map(Vec::as_slice).filter(|sides| sides.iter().all(|side| *side > 0.0)).collect();
    let volume = union_of_boxes(better);
    if volume.is_finite() { Ok(volume) } else { Err(Error::Overflow("coordinates", "volume")) }
}

/// The volume of the union of boxes that have a corner at the origin, by slices along the last coordinate: between two successive values of it,
/// the slice is the union of the boxes that reach the upper one.
fn union_of_boxes(mut boxes: Vec<&[f64]>) -> f64 {
    let last = |sides: &[f64]| sides.last().copied().unwrap_or(0.0);
    boxes.sort_by(|a, b| last(b).total_cmp(&last(a)));
    if boxes.first().is_none_or(|sides| sides.len() == 1) {
        return boxes.first().map_or(0.0, |sides| last(sides));
    }
    let heights: Vec<f64> = boxes.iter().map(|sides| last(sides)).chain([0.0]).collect();
    let bases: Vec<&[f64]> = boxes.iter().filter_map(|sides| Some(sides.split_last()?.1)).collect();
    let slices = heights.iter().zip(heights.iter().skip(1)).enumerate();
    let volume = |(index, (top, bottom)): (usize, (&f64, &f64))| match top > bottom {
        true => (top - bottom) * union_of_boxes(bases.iter().take(index + 1).copied().collect()),
        false => 0.0,
    };
    slices.map(volume).sum()
}
