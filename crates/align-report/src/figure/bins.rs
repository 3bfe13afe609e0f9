use super::nice_step::NiceStep;

/// Equal-width bins with round edges.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bins {
    step: NiceStep,
    /// The first edge as a multiple of the bin width.
    first: f64,
    /// Number of bins.
    pub count: usize,
}

/// Most bins of a histogram.
const MAX_BINS: f64 = 60.0;

impl Bins {
    /// Chooses bins for all values. The width is a round number near the Freedman–Diaconis rule `2·IQR·n^(−1/3)`, or an
    /// eighth of the range if the interquartile range is 0.
    pub(crate) fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (low, high) = (quantile(&sorted, 0.0), quantile(&sorted, 1.0));
        let spread = quantile(&sorted, 0.75) - quantile(&sorted, 0.25);
        let mut width = 2.0 * spread / (values.len().max(1) as f64).cbrt();
        if width <= 0.0 {
            width = (high - low) / 8.0;
        }
        let largest = low.abs().max(high.abs());
        let smallest = if largest > super::axis::MIN_MAGNITUDE { largest * 1e-9 } else { 1.0 };
        // Two thirds, so that rounding up gives the nearest round number.
        let mut step = NiceStep::at_least((width / 1.5).max(smallest));
        while (high - low) / step.width() > MAX_BINS {
            step = step.next();
        }
        let first = (low / step.width()).floor();
        let count = ((high / step.width()).ceil() - first).clamp(1.0, MAX_BINS + 2.0) as usize;
        Self { step, first, count }
    }

    /// The lower edge of a bin. The lower edge after the last bin is the upper edge of the histogram.
    pub(crate) fn edge(&self, bin: usize) -> f64 {
        self.step.multiple(self.first + bin as f64)
    }

    /// The number of values per bin. Lower edges are inclusive, upper edges exclusive except for the last bin.
    pub(crate) fn counts(&self, values: &[f64]) -> Vec<usize> {
        let mut counts = vec![0; self.count];
        let inner: Vec<f64> = (1..self.count).map(|bin| self.edge(bin)).collect();
        for value in values {
            if let Some(count) = counts.get_mut(inner.partition_point(|edge| edge <= value)) {
                *count += 1;
            }
        }
        counts
    }
}

/// A quantile of sorted values with linear interpolation, NumPy's default; 0 if there are no values.
fn quantile(sorted: &[f64], fraction: f64) -> f64 {
    let at = fraction * sorted.len().saturating_sub(1) as f64;
    let value = |i: f64| sorted.get(i as usize).copied().unwrap_or(0.0);
    let (below, above) = (value(at.floor()), value(at.ceil()));
    below + (above - below) * at.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_have_round_edges_and_contain_all_values() {
        // IQR 50, 101 values: 2·50/101^(1/3) = 21.5, so 20 wide.
        let values: Vec<f64> = (0..=100).map(f64::from).collect();
        let bins = Bins::of(&values);
        assert_eq!(
            (0..=bins.count).map(|bin| bins.edge(bin)).collect::<Vec<_>>(),
            [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]
        );
        assert_eq!(bins.counts(&values), [20, 20, 20, 20, 21]);
    }

    #[test]
    fn a_value_on_an_edge_is_in_the_bin_above() {
        let bins = Bins { step: NiceStep::at_least(0.1), first: 0.0, count: 5 };
        assert_eq!(bins.counts(&[0.0, 0.1, 0.3, 0.5]), [1, 1, 0, 1, 1]);
    }

    #[test]
    fn quantiles_match_numpy() {
        // numpy.quantile([1, 2, 4, 8], [0.25, 0.5, 0.75])
        let sorted = [1.0, 2.0, 4.0, 8.0];
        assert_eq!([0.25, 0.5, 0.75].map(|fraction| quantile(&sorted, fraction)), [1.75, 3.0, 5.0]);
    }

    #[test]
    fn extreme_values_have_bins() {
        let mut spike = vec![0.0; 99];
        spike.push(1e6);
        for values in [vec![], vec![3.25], vec![0.0; 10], vec![-1e100, 1e100], vec![1e9, 1e9 + 1e-3], spike] {
            let bins = Bins::of(&values);
            assert!((1..=62).contains(&bins.count), "{values:?}: {bins:?}");
            assert!(bins.edge(1) > bins.edge(0), "{values:?}: {bins:?}");
            assert_eq!(bins.counts(&values).iter().sum::<usize>(), values.len());
            assert!(values.iter().all(|value| (bins.edge(0)..=bins.edge(bins.count)).contains(value)), "{bins:?}");
        }
    }
}
