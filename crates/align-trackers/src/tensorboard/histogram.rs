use super::messages::Histogram;

/// Most buckets of a histogram, TensorBoard's own number.
pub const MAX_BUCKETS: usize = 30;

impl Histogram {
    /// The histogram of the finite values among `values`, in buckets of equal width from the lowest to the highest. `None` without any.
    pub fn of(values: &[f64]) -> Option<Self> {
        let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        let min = finite.iter().copied().reduce(f64::min)?;
        let max = finite.iter().copied().reduce(f64::max)?;
        let buckets = if min < max { MAX_BUCKETS } else { 1 };
        // Half of each, since the difference of two large numbers may not be finite.
        let half_width = (max / 2.0 - min / 2.0) / buckets as f64;
        let mut bucket = vec![0.0; buckets];
        for value in &finite {
            // The highest value belongs to the last bucket.
            let index = if half_width > 0.0 { ((value / 2.0 - min / 2.0) / half_width) as usize } else { 0 };
            if let Some(count) = bucket.get_mut(index.min(buckets - 1)) {
                *count += 1.0;
            }
        }
        let limit = |index: usize| if index + 1 == buckets { max } else { min + 2.0 * half_width * (index + 1) as f64 };
        Some(Self {
            min,
            max,
            num: finite.len() as f64,
            sum: finite.iter().sum(),
            sum_squares: finite.iter().map(|value| value * value).sum(),
            bucket_limit: (0..buckets).map(limit).collect(),
            bucket,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_finite_value_is_in_the_bucket_with_its_edges() {
        let values: Vec<f64> = (0..500).map(|i| (f64::from(i) * 0.731).sin() * 4.0 - 1.0).collect();
        let histogram = Histogram::of(&[values.as_slice(), &[f64::NAN, f64::INFINITY]].concat()).unwrap();
        assert_eq!((histogram.num, histogram.bucket.iter().sum::<f64>()), (500.0, 500.0));
        assert_eq!(histogram.bucket_limit.last(), Some(&histogram.max));
        let mut below = f64::NEG_INFINITY;
        for (limit, count) in histogram.bucket_limit.iter().zip(&histogram.bucket) {
            let is_last = *limit == histogram.max;
            let inside = values.iter().filter(|v| **v >= below && (**v < *limit || is_last)).count() as f64;
            // A value on an edge may be on either side of it, by rounding.
            assert!((inside - count).abs() <= 1.0, "{count} below {limit}, expected {inside}");
            below = *limit;
        }
        assert!((histogram.sum - values.iter().sum::<f64>()).abs() < 1e-9);
    }

    #[test]
    fn equal_values_and_extreme_values_have_histograms() {
        let equal = Histogram::of(&[2.5; 4]).unwrap();
        assert_eq!((equal.bucket_limit, equal.bucket), (vec![2.5], vec![4.0]));
        let wide = Histogram::of(&[f64::MIN, f64::MAX]).unwrap();
        assert_eq!(wide.bucket.iter().sum::<f64>(), 2.0);
        assert_eq!((wide.bucket.first(), wide.bucket.last()), (Some(&1.0), Some(&1.0)));
        assert_eq!(Histogram::of(&[f64::NAN]), None);
    }
}
