//! Means and standard deviations of the rewards that there are, as TRL's `nanmean` and `nanstd`.

/// What TRL adds to a standard deviation before it divides by it.
pub(super) const EPSILON: f64 = 1e-4;
/// What torch's `isclose` takes for 0.
const CLOSE_TO_ZERO: f64 = 1e-8;

/// The numbers that are present.
fn present(all: &[Option<f64>]) -> impl Iterator<Item = f64> + Clone {
    all.iter().copied().flatten()
}

/// The mean; `None` without numbers.
pub(super) fn mean(all: &[Option<f64>]) -> Option<f64> {
    let count = present(all).count();
    (count > 0).then(|| present(all).sum::<f64>() / count as f64)
}

/// The standard deviation with Bessel's correction; `None` with fewer than two numbers.
pub(super) fn std(all: &[Option<f64>]) -> Option<f64> {
    let (mean, count) = (mean(all)?, present(all).count());
    let squares = present(all).map(|x| (x - mean).powi(2)).sum::<f64>();
    (count > 1).then(|| (squares / (count - 1) as f64).sqrt())
}

/// Whether a standard deviation is 0.
pub(super) fn is_zero(std: Option<f64>) -> bool {
    std.is_some_and(|std| std.abs() <= CLOSE_TO_ZERO)
}
