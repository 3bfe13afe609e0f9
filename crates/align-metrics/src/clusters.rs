use crate::checks::check_same_length;
use crate::{Result, compensated_sum::CompensatedSum};
use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::Hash;

/// Groups of rows that are not independent of each other, such as the texts of one prompt.
///
/// ```
/// let clusters = align_metrics::Clusters::by(&["a film", "a book", "a film"]);
/// assert_eq!((clusters.rows(), clusters.count()), (3, 2));
/// assert_eq!(clusters.of_rows(), [0, 1, 0]);
/// assert_eq!(clusters.sums([1.0, 2.0, 4.0]), [5.0, 2.0]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clusters {
    /// The cluster of each row, numbered in order of first occurrence.
    of_rows: Vec<usize>,
    count: usize,
}

impl Clusters {
    /// Creates one cluster for each distinct key, such as a prompt or its number.
    #[must_use]
    pub fn by<K: Eq + Hash>(keys: &[K]) -> Self {
        let mut numbers = HashMap::new();
        let of_rows = keys
            .iter()
            .map(|key| {
                let next = numbers.len();
                *numbers.entry(key).or_insert(next)
            })
            .collect();
        Self { of_rows, count: numbers.len() }
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.of_rows.len()
    }

    /// Number of clusters.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// The number of each row's cluster, from 0, in order of first occurrence.
    #[must_use]
    pub fn of_rows(&self) -> &[usize] {
        &self.of_rows
    }

    /// The rows of each cluster.
    pub(crate) fn members(&self) -> Vec<Vec<usize>> {
        let mut members = vec![Vec::new(); self.count];
        for (row, cluster) in self.of_rows.iter().enumerate() {
            if let Some(rows) = members.get_mut(*cluster) {
                rows.push(row);
            }
        }
        members
    }

    /// Checks the number of rows of the clusters. Without clusters, each row is its own cluster.
    pub(crate) fn or_one_per_row(clusters: Option<&Self>, rows: usize) -> Result<Cow<'_, Self>> {
        match clusters {
            Some(clusters) => {
                check_same_length("clusters' keys", "rows", rows, clusters.rows())?;
                Ok(Cow::Borrowed(clusters))
            }
            None => Ok(Cow::Owned(Self { of_rows: (0..rows).collect(), count: rows })),
        }
    }

    /// The sum of the rows' values in each cluster.
    #[must_use]
    pub fn sums(&self, values: impl IntoIterator<Item = f64>) -> Vec<f64> {
        let mut sums = vec![CompensatedSum::default(); self.count];
        for (cluster, value) in self.of_rows.iter().zip(values) {
            if let Some(sum) = sums.get_mut(*cluster) {
                sum.add(value);
            }
        }
        sums.into_iter().map(CompensatedSum::value).collect()
    }
}
