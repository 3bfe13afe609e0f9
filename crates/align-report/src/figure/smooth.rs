/// A weighted sum and the sum of its weights.
type Sums = (f64, f64);

/// Averages each value with its neighbours on both sides, with weights that decrease with the distance: `s_t = Σ_i
/// w^|t−i|·x_i / Σ_i w^|t−i|`. Unlike an average of past values, it does not lag. Values that are not finite are
/// unchanged and ignored.
pub(crate) fn smooth(values: &[f64], weight: f64) -> Vec<f64> {
    let (past, mut future) = (sums(values.iter(), weight), sums(values.iter().rev(), weight));
    future.reverse();
    let both = |value: &f64, past: Sums, future: Sums| {
        // The value itself is in both sums.
        if value.is_finite() { (past.0 + future.0 - value) / (past.1 + future.1 - 1.0) } else { *value }
    };
    values.iter().zip(past).zip(future).map(|((value, past), future)| both(value, past, future)).collect()
}

/// The weighted sum of each value and all before it.
fn sums<'a>(values: impl Iterator<Item = &'a f64>, weight: f64) -> Vec<Sums> {
    let step = |(sum, weights): &mut Sums, value: &f64| {
        let (now, one) = if value.is_finite() { (*value, 1.0) } else { (0.0, 0.0) };
        (*sum, *weights) = (weight * *sum + now, weight * *weights + one);
        Some((*sum, *weights))
    };
    values.scan((0.0, 0.0), step).collect()
}

#[cfg(test)]
mod tests {
    use super::smooth;

    #[test]
    fn averages_match_the_formula() {
        let values = [2.0, 4.0, f64::NAN, 1.0, -3.0];
        let smoothed = smooth(&values, 0.5);
        for (t, value) in smoothed.iter().enumerate() {
            let finite = || values.iter().enumerate().filter(|(_, x)| x.is_finite());
            let weight = |i: usize| 0.5f64.powi(t.abs_diff(i) as i32);
            let sum: f64 = finite().map(|(i, x)| weight(i) * x).sum();
            let expected = sum / finite().map(|(i, _)| weight(i)).sum::<f64>();
            assert!(if t == 2 { value.is_nan() } else { (value - expected).abs() < 1e-12 }, "{smoothed:?}");
        }
        assert_eq!(smooth(&values, 0.0)[..2], [2.0, 4.0]);
    }

    #[test]
    fn a_straight_line_is_unchanged_in_the_middle() {
        let line: Vec<f64> = (0..200).map(f64::from).collect();
        assert!(smooth(&line, 0.8).iter().zip(&line).skip(50).take(100).all(|(one, other)| (one - other).abs() < 1e-3));
    }
}
