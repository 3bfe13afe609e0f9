use crate::{Error, Result};

/// Weights of the points of a piecewise linear curve, such that the weighted sum of their values is the mean of the curve from `low` to
/// `high`: `Σ wᵢ yᵢ = ∫ y(x) dx / (high − low)`.
///
/// With it two curves can be compared over a whole interval instead of at single points. The mean is linear in the values, so its
/// confidence interval is that of a mean.
///
/// ```
/// let weights = align_metrics::curve_mean_weights(&[0.0, 2.0, 4.0], 1.0, 3.0)?;
/// let y = [0.0, 2.0, 0.0]; // 1, 2 and 1 at x = 1, 2 and 3
/// assert_eq!(weights.iter().zip(y).map(|(w, y)| w * y).sum::<f64>(), 1.5);
/// # Ok::<(), align_metrics::Error>(())
/// ```
///
/// # Errors
/// Fewer than two points, x that are not finite or do not ascend, or an interval that is empty or not covered by the points.
pub fn curve_mean_weights(x: &[f64], low: f64, high: f64) -> Result<Vec<f64>> {
    let (Some(first), Some(last)) = (x.first(), x.last().filter(|_| x.len() > 1)) else {
        return Err(Error::TooFew { what: "points of a curve", least: 2, found: x.len() });
    };
    let segments = || x.iter().copied().zip(x.iter().copied().skip(1));
    if let Some(at) = segments().position(|(left, right)| !(left < right && left.is_finite() && right.is_finite())) {
        let problem =
            "its x is not a finite number above that of the previous point: sort the points by x and remove duplicates";
        return Err(Error::Curve { curve: 1, point: at + 2, problem });
    }
    if !(*first <= low && low < high && high <= *last) {
        let expected = format!("an interval within the range of the curve, from {first} to {last}");
        return Err(Error::Option { option: "low and high", expected, found: format!("{low} to {high}") });
    }
    let mut weights = vec![0.0; x.len()];
    for (at, (left, right)) in segments().enumerate() {
        let (from, to) = (left.max(low), right.min(high));
        if from >= to {
            continue;
        }
        let (share, place) = ((to - from) / (high - low), (f64::midpoint(from, to) - left) / (right - left));
        for (weight, part) in weights.iter_mut().skip(at).zip([1.0 - place, place]) {
            *weight += share * part;
        }
    }
    Ok(weights)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_mean_is_the_integral() {
        let (x, y) = ([0.3_f64, 0.5, 1.7, 4.0], [1.0, -2.0, 0.5, 3.0]);
        for (low, high) in [(0.3, 4.0), (0.4, 0.45), (0.5, 1.7), (0.9, 3.3)] {
            let weights = curve_mean_weights(&x, low, high).unwrap();
            assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            let height = |at: f64| {
                let right = x.iter().position(|x| *x > at).unwrap_or(x.len() - 1);
                let place = (at - x[right - 1]) / (x[right] - x[right - 1]);
                y[right - 1] * (1.0 - place) + y[right] * place
            };
            let steps = 100_000;
            let sum: f64 =
                (0..steps).map(|i| height(low + (high - low) * (f64::from(i) + 0.5) / f64::from(steps))).sum();
            let found: f64 = weights.iter().zip(y).map(|(w, y)| w * y).sum();
            assert!((found - sum / f64::from(steps)).abs() < 1e-8, "{low} to {high}: {found}");
        }
    }

    #[test]
    fn invalid_curves_and_intervals_are_rejected() {
        assert!(curve_mean_weights(&[1.0], 1.0, 1.0).is_err());
        assert!(curve_mean_weights(&[1.0, 1.0], 1.0, 1.0).is_err());
        assert!(curve_mean_weights(&[1.0, f64::NAN], 1.0, 1.5).is_err());
        assert!(curve_mean_weights(&[1.0, 2.0], 1.5, 1.5).is_err());
        assert!(curve_mean_weights(&[1.0, 2.0], 0.5, 1.5).unwrap_err().to_string().contains("from 1 to 2"));
    }
}
