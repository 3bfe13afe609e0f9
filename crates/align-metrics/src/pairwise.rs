use crate::compensated_sum::CompensatedSum;
use crate::{Result, Samples};

/// A number for each two of the pooled vectors of two samples.
#[derive(Debug, Clone)]
pub(crate) struct Pairwise {
    /// Row-major, symmetric.
    values: Vec<f64>,
    rows: usize,
    first: usize,
}

impl Pairwise {
    /// The squared Euclidean distances.
    ///
    /// # Errors
    /// Samples of different widths, or with fewer than two vectors.
    pub(crate) fn squared_distances(first: &Samples, second: &Samples) -> Result<Self> {
        Ok(Self::of(&first.pooled(second, 2)?, first.rows()))
    }

    /// The squared Euclidean distances of pooled vectors.
    fn of(pooled: &[&[f32]], first: usize) -> Self {
        let distance = |a: &[f32], b: &[f32]| -> f64 {
            a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum()
        };
        let values = pooled.iter().flat_map(|a| pooled.iter().map(move |b| distance(a, b))).collect();
        Self { values, rows: pooled.len(), first }
    }

    /// The squared Euclidean distances of the vectors of one sample.
    pub(crate) fn within(samples: &Samples) -> Self {
        let rows: Vec<&[f32]> = (0..samples.rows()).map(|row| samples.row(row)).collect();
        Self::of(&rows, rows.len())
    }

    pub(crate) fn map(self, of: impl Fn(f64) -> f64) -> Self {
        Self { values: self.values.into_iter().map(of).collect(), ..self }
    }

    /// The median of the positive values, or `None` if all are 0.
    pub(crate) fn positive_median(&self) -> Option<f64> {
        let rows = self.values.chunks(self.rows.max(1)).enumerate();
        let above_diagonal = rows.flat_map(|(at, row)| row.iter().skip(at + 1).copied());
        let mut positive: Vec<f64> = above_diagonal.filter(|value| *value > 0.0).collect();
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
    /// the samples by `is_first`. The diagonal is left out, so each mean is unbiased.
    pub(crate) fn within_minus_between(&self, is_first: &[bool]) -> f64 {
        let [mut first, mut second, mut between] = [CompensatedSum::default(); 3];
        let sides: Vec<f64> = is_first.iter().map(|is_first| f64::from(u8::from(*is_first))).collect();
        for (at, row) in self.values.chunks(self.rows).enumerate() {
            let later = || row.iter().zip(&sides).skip(at + 1);
            let (of_first, all): (f64, f64) =
                later().fold((0.0, 0.0), |(of_first, all), (value, side)| (of_first + value * side, all + value));
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
