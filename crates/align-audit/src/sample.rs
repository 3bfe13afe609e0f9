//! A random sample of rows of bounded size, in one pass.

use crate::text_hash::mix;
use std::collections::BinaryHeap;

/// A row of a sample.
pub(crate) struct Sampled<T> {
    priority: u64,
    /// The row, by its index in all files.
    pub row: u32,
    /// What is kept of it.
    pub value: T,
}

impl<T> PartialEq for Sampled<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.priority, self.row) == (other.priority, other.row)
    }
}

impl<T> Eq for Sampled<T> {}

impl<T> PartialOrd for Sampled<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Sampled<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.priority, self.row).cmp(&(other.priority, other.row))
    }
}

/// The rows with the smallest priorities, which are hashes of their indices: a uniform sample that depends on the seed only.
pub(crate) struct Sample<T> {
    size: usize,
    seed: u64,
    rows: BinaryHeap<Sampled<T>>,
}

impl<T> Sample<T> {
    pub fn new(size: usize, seed: u64) -> Self {
        Self { size, seed: mix(seed ^ 0x5a5a), rows: BinaryHeap::new() }
    }

    /// Whether a row would be taken now. It may still be replaced later.
    pub fn takes(&self, row: u32) -> bool {
        let priority = self.priority(row);
        self.rows.len() < self.size || self.rows.peek().is_some_and(|last| (priority, row) < (last.priority, last.row))
    }

    /// Takes a row if [`Sample::takes`] says so.
    pub fn push(&mut self, row: u32, value: T) {
        if self.takes(row) && self.size > 0 {
            self.rows.push(Sampled { priority: self.priority(row), row, value });
            if self.rows.len() > self.size {
                self.rows.pop();
            }
        }
    }

    /// The rows in their order.
    pub fn into_rows(self) -> Vec<Sampled<T>> {
        let mut rows = self.rows.into_vec();
        rows.sort_by_key(|sampled| sampled.row);
        rows
    }

    fn priority(&self, row: u32) -> u64 {
        mix(self.seed ^ u64::from(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_its_size_and_no_bias() {
        let mut sample = Sample::new(1000, 7);
        (0..10_000).for_each(|row| sample.push(row, row));
        let rows = sample.into_rows();
        assert_eq!(rows.len(), 1000);
        let mean = rows.iter().map(|row| f64::from(row.value)).sum::<f64>() / 1000.0;
        // The standard error of the mean is 2887 / sqrt(1000) = 91.
        assert!((mean - 5000.0).abs() < 300.0, "{mean}");
    }
}
