use crate::checks::{check_all_finite, check_same_length};
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
/// assert_eq!(pareto_front(&reward_and_kl, &[Maximise, Minimise])?, [1, 2]);
/// # Ok::<(), align_metrics::Error>(())
/// ```
///
/// # Errors
/// There are no points, a point does not have a coordinate for each direction, or a coordinate is not finite; the error contains the number of
/// the point as `row`.
pub fn pareto_front(points: &[impl AsRef<[f64]>], directions: &[Direction]) -> Result<Vec<usize>> {
    let gains = gains(points, directions)?;
    let dominates = |a: &Vec<f64>, b: &Vec<f64>| a.iter().zip(b).all(|(a, b)| a >= b) && a != b;
    let front = gains.iter().enumerate().filter(|(_, point)| !gains.iter().any(|other| dominates(other, point)));
    Ok(front.map(|(index, _)| index).collect())
}

/// The points, with coordinates negated where lower is better.
pub(crate) fn gains(points: &[impl AsRef<[f64]>], directions: &[Direction]) -> Result<Vec<Vec<f64>>> {
    if points.is_empty() {
        return Err(Error::Empty("points"));
    }
    for point in points {
        check_same_length("coordinates of a point", "directions'", directions.len(), point.as_ref().len())?;
    }
    // The row in the error is the number of the point.
    let not_finite = |point: &[f64]| point.iter().copied().find(|x| !x.is_finite()).unwrap_or(0.0);
    check_all_finite("point's coordinate", points.iter().map(|point| not_finite(point.as_ref())))?;
    Ok(points.iter().map(|point| maximised(point.as_ref(), directions)).collect())
}

pub(crate) fn maximised(point: &[f64], directions: &[Direction]) -> Vec<f64> {
    let gain = |(value, direction): (&f64, &Direction)| if *direction == Direction::Minimise { -value } else { *value };
    point.iter().zip(directions).map(gain).collect()
}
