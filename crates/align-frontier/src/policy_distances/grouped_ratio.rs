use crate::Result;
use align_metrics::{Bootstrap, Estimate};

/// Groups of rows that are not independent, such as the texts of a prompt.
#[derive(Debug)]
pub(super) struct Groups {
    /// The group of each row, numbered in the order of their first rows.
    of_rows: Vec<usize>,
    count: usize,
}

impl Groups {
    pub(super) fn of(keys: &[usize]) -> Self {
        let mut numbers: Vec<usize> = Vec::new();
        let mut of_rows = Vec::with_capacity(keys.len());
        for key in keys {
            let number = numbers.iter().position(|known| known == key).unwrap_or_else(|| {
                numbers.push(*key);
                numbers.len() - 1
            });
            of_rows.push(number);
        }
        Self { of_rows, count: numbers.len() }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    fn sums(&self, values: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; self.count];
        for (group, value) in self.of_rows.iter().zip(values) {
            if let Some(sum) = sums.get_mut(*group) {
                *sum += value;
            }
        }
        sums
    }

    /// The sum of the rows' values divided by the sum of their sizes, with an interval that resamples whole groups.
    pub(super) fn ratio(&self, values: &[f64], sizes: &[f64], bootstrap: &Bootstrap) -> Result<Estimate> {
        let (values, sizes) = (self.sums(values), self.sums(sizes));
        let ratio = |drawn: &[usize]| {
            let sum = |of: &[f64]| drawn.iter().filter_map(|group| of.get(*group)).sum::<f64>();
            sum(&values) / sum(&sizes)
        };
        let value = ratio(&(0..self.count).collect::<Vec<_>>());
        Ok(Estimate { value, interval: bootstrap.interval(self.count, ratio)? })
    }
}
