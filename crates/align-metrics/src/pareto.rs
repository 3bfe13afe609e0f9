use crate::checks::check_all_finite;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// Whether higher or lower values of a coordinate are better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Higher is better, such as reward.
    Maximise,
    /// Lower is better, such as divergence from the reference.
    Minimise,
}

/// The indices of the points on the Pareto front, ascending.
///
/// These are the points that no other point dominates. A point dominates another if it is at least as good in every coordinate and better
/// in at least one. So equal points do not dominate each other: all of them are on the front, or none.
///
/// ```
/// use align_metrics::{Direction::{Maximise, Minimise}, pareto_front};
/// let reward_and_kl = [[1.0, 5.0], [2.0, 5.0], [1.5, 1.0], [0.5, 1.0]];
/// assert_eq!(pareto_front(&reward_and_kl, [Maximise, Minimise])?, [1, 2]);
/// # Ok::<(), align_metrics::Error>(())
/// ```
///
/// # Errors
/// There are no points, or a coordinate is not finite; the error contains the number of the point as `row`.
pub fn pareto_front<const N: usize>(points: &[[f64; N]], directions: [Direction; N]) -> Result<Vec<usize>> {
    let gains = gains(points, directions)?;
    let dominates = |a: &[f64; N], b: &[f64; N]| a.iter().zip(b).all(|(a, b)| a >= b) && a != b;
    let front = gains.iter().enumerate().filter(|(_, point)| !gains.iter().any(|other| dominates(other, point)));
    Ok(front.map(|(index, _)| index).collect())
}

/// The hypervolume indicator (Zitzler and Thiele, 1999) in two dimensions: the area dominated by the points and bounded by the reference
/// point.
///
/// Points that are not better than the reference point in both coordinates, or not on the front, do not contribute.
///
/// ```
/// use align_metrics::{Direction::{Maximise, Minimise}, hypervolume};
/// // Rectangles of 2 × 5 and 1 × 9 that overlap in 1 × 5.
/// let area = hypervolume(&[[2.0, 5.0], [1.0, 1.0]], [Maximise, Minimise], [0.0, 10.0])?;
/// assert_eq!(area, 14.0);
/// # Ok::<(), align_metrics::Error>(())
/// ```
///
/// # Errors
/// No points, or a coordinate that is not finite.
pub fn hypervolume(points: &[[f64; 2]], directions: [Direction; 2], reference: [f64; 2]) -> Result<f64> {
    check_all_finite("reference's coordinate", reference)?;
    let [base_x, base_y] = maximised(reference, directions);
    let mut better: Vec<(f64, f64)> = gains(points, directions)?
        .into_iter()
        .map(|[x, y]| (x - base_x, y - base_y))
        .filter(|(x, y)| *x > 0.0 && *y > 0.0)
        .collect();
    better.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let (mut area, mut height) = (0.0, 0.0);
    for (x, y) in better {
        if y > height {
            area += x * (y - height);
            height = y;
        }
    }
    if f64::is_finite(area) { Ok(area) } else { Err(Error::Overflow("coordinates", "area")) }
}

/// The points, with coordinates negated where lower is better.
fn gains<const N: usize>(points: &[[f64; N]], directions: [Direction; N]) -> Result<Vec<[f64; N]>> {
    if points.is_empty() {
        return Err(Error::Empty("points"));
    }
    // The row in the error is the number of the point.
    let not_finite = |point: &[f64; N]| point.iter().copied().find(|x| !x.is_finite()).unwrap_or(0.0);
    check_all_finite("point's coordinate", points.iter().map(not_finite))?;
    Ok(points.iter().map(|point| maximised(*point, directions)).collect())
}

fn maximised<const N: usize>(mut point: [f64; N], directions: [Direction; N]) -> [f64; N] {
    for (value, direction) in point.iter_mut().zip(directions) {
        if direction == Direction::Minimise {
            *value = -*value;
        }
    }
    point
}
