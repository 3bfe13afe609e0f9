use crate::checks::same_count;
use crate::{Result, sum::Sum};
use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::Hash;

/// Which rows belong together, such as the texts of one prompt: they are not independent of each other.
///
/// ```
/// let clusters = align_metrics::Clusters::by(&["a film", "a book", "a film"]);
/// assert_eq!((clusters.rows(), clusters.count()), (3, 2));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clusters {
    /// The cluster of each row, numbered as they first come.
    of_rows: Vec<usize>,
    count: usize,
}

impl Clusters {
    /// Rows with equal keys (a prompt, its number) belong together.
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

    /// These clusters, checked to be those of so many rows; without any, each row is one of its own.
    pub(crate) fn or_rows(clusters: Option<&Self>, rows: usize) -> Result<Cow<'_, Self>> {
        match clusters {
            Some(clusters) => {
                same_count("clusters' keys", "rows", rows, clusters.rows())?;
                Ok(Cow::Borrowed(clusters))
            }
            None => Ok(Cow::Owned(Self { of_rows: (0..rows).collect(), count: rows })),
        }
    }

    /// The sum of the rows' values in each cluster.
    pub(crate) fn sums(&self, values: impl IntoIterator<Item = f64>) -> Vec<f64> {
        let mut sums = vec![Sum::default(); self.count];
        for (cluster, value) in self.of_rows.iter().zip(values) {
            if let Some(sum) = sums.get_mut(*cluster) {
                sum.add(value);
            }
        }
        sums.into_iter().map(Sum::value).collect()
    }
}
