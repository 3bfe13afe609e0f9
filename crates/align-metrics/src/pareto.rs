use crate::checks::all_finite;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// Which way a coordinate is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is better, such as reward.
    Maximise,
    /// Less is better, such as divergence from the reference.
    Minimise,
}

/// The points that no other dominates, as indices in ascending order.
///
/// A point dominates another if it is at least as good in every coordinate and better in one. So equal points do not
/// dominate each other: all of them are on the front, or none.
///
/// ```
/// use align_metrics::{Direction::{Maximise, Minimise}, pareto_front};
/// let reward_and_kl = [[1.0, 5.0], [2.0, 5.0], [1.5, 1.0], [0.5, 1.0]];
/// assert_eq!(pareto_front(&reward_and_kl, [Maximise, Minimise])?, [1, 2]);
/// # Ok::<(), align_metrics::Error>(())
/// ```
///
/// # Errors
/// No points, or a coordinate that is not finite; the row is the point's.
pub fn pareto_front<const N: usize>(points: &[[f64; N]], directions: [Direction; N]) -> Result<Vec<usize>> {
    let gains = gains(points, directions)?;
    let dominates = |a: &[f64; N], b: &[f64; N]| a.iter().zip(b).all(|(a, b)| a >= b) && a != b;
    let front = gains.iter().enumerate().filter(|(_, point)| !gains.iter().any(|other| dominates(other, point)));
    Ok(front.map(|(index, _)| index).collect())
}

/// The area that the points of two coordinates dominate, as far as the reference point: the hypervolume indicator (Zitzler
/// and Thiele, 1999).
///
/// A point that is not better than the reference in both coordinates adds nothing; neither does one off the front.
///
/// ```
/// use align_metrics::{Direction::{Maximise, Minimise}, hypervolume};
/// // Rectangles of 2 × 5 and 1 × 9 from the reference, with 1 × 5 in common.
/// let area = hypervolume(&[[2.0, 5.0], [1.0, 1.0]], [Maximise, Minimise], [0.0, 10.0])?;
/// assert_eq!(area, 14.0);
/// # Ok::<(), align_metrics::Error>(())
/// ```
///
/// # Errors
/// No points, or a coordinate that is not finite.
pub fn hypervolume(points: &[[f64; 2]], directions: [Direction; 2], reference: [f64; 2]) -> Result<f64> {
    all_finite("reference's coordinate", reference)?;
    let [base_x, base_y] = turned(reference, directions);
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

/// The points with every coordinate turned so that more is better.
fn gains<const N: usize>(points: &[[f64; N]], directions: [Direction; N]) -> Result<Vec<[f64; N]>> {
    if points.is_empty() {
        return Err(Error::Empty("points"));
    }
    // The row that an error names is the point's.
    let not_finite = |point: &[f64; N]| point.iter().copied().find(|x| !x.is_finite()).unwrap_or(0.0);
    all_finite("point's coordinate", points.iter().map(not_finite))?;
    Ok(points.iter().map(|point| turned(*point, directions)).collect())
}

fn turned<const N: usize>(mut point: [f64; N], directions: [Direction; N]) -> [f64; N] {
    for (value, direction) in point.iter_mut().zip(directions) {
        if direction == Direction::Minimise {
            *value = -*value;
        }
    }
    point
}
