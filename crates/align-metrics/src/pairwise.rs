use crate::compensated_sum::CompensatedSum;

/// A number for each two of the pooled vectors of two samples.
#[derive(Debug, Clone)]
pub(crate) struct Pairwise {
    /// The numbers of the first vector with each later one, then of the second with each later one, and so on.
    values: Vec<f64>,
    rows: usize,
    first: usize,
}

impl Pairwise {
    /// Computes the number of each two of `pooled`, of which the first `first` are of the first sample.
    pub(crate) fn of(pooled: &[&[f32]], first: usize, number: impl Fn(&[f32], &[f32]) -> f64) -> Self {
        let rows = pooled.len();
        let mut values = Vec::with_capacity(rows * rows.saturating_sub(1) / 2);
        for (at, a) in pooled.iter().enumerate() {
            values.extend(pooled.iter().skip(at + 1).map(|b| number(a, b)));
        }
        Self { values, rows, first }
    }

    /// Other numbers, each a function of that of `self`.
    pub(crate) fn map(&self, of: impl Fn(f64) -> f64) -> Self {
        Self { values: self.values.iter().map(|value| of(*value)).collect(), ..*self }
    }

    /// The median of the positive values, or `None` if all are 0.
    pub(crate) fn positive_median(&self) -> Option<f64> {
        let mut positive: Vec<f64> = self.values.iter().copied().filter(|value| *value > 0.0).collect();
        positive.sort_unstable_by(f64::total_cmp);
        let middle = positive.len() / 2;
        let upper = positive.get(middle).copied()?;
        let lower = positive.get(middle.saturating_sub(1)).copied()?;
        Some(if positive.len().is_multiple_of(2) { (lower + upper) / 2.0 } else { upper })
    }

    /// Which of the pooled vectors are of the first sample.
    pub(crate) fn observed(&self) -> Vec<bool> {
        (0..self.rows).map(|row| row < self.first).collect()
    }

    /// The mean within the first sample plus that within the second, minus twice the mean between them, where the vectors are split into
    /// the samples by `is_first`. Pairs of equal indices are left out, so each mean is unbiased.
    pub(crate) fn within_minus_between(&self, is_first: &[bool]) -> f64 {
        let [mut first, mut second, mut between] = [CompensatedSum::default(); 3];
        let sides: Vec<f64> = is_first.iter().map(|is_first| f64::from(u8::from(*is_first))).collect();
        let mut rest = self.values.as_slice();
        for at in 0..self.rows {
            let (row, after) = rest.split_at_checked(self.rows - at - 1).unwrap_or((rest, &[]));
            rest = after;
            let later = row.iter().zip(sides.iter().skip(at + 1));
            let (of_first, all): (f64, f64) =
                later.fold((0.0, 0.0), |(of_first, all), (value, side)| (of_first + value * side, all + value));
            match is_first.get(at) {
                Some(true) => {
                    first.add(of_first);
                    between.add(all - of_first);
                }
                _ => {
                    second.add(all - of_first);
                    between.add(of_first);
                }
            }
        }
        let n = is_first.iter().filter(|is_first| **is_first).count() as f64;
        let m = self.rows as f64 - n;
        2.0 * first.value() / (n * (n - 1.0)) + 2.0 * second.value() / (m * (m - 1.0)) - 2.0 * between.value() / (n * m)
    }
}
