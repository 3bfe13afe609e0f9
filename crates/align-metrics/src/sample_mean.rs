use crate::checks::check_all_finite;
use crate::compensated_sum::CompensatedSum;
use crate::{Clusters, Error, Result};
use serde::{Deserialize, Serialize};

/// A mean over sampled texts, with its standard error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SampleMean {
    /// The mean.
    pub value: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Number of texts.
    pub n: usize,
    /// Number of clusters that the standard error accounts for; `n` without clusters.
    pub clusters: usize,
}

impl SampleMean {
    /// Computes the mean of the values of texts and its cluster-robust standard error.
    ///
    /// With the sum of residuals `e_g` in each of `G` clusters, the variance is `G / (G - 1) Σ e_g² / n²` (Liang and Zeger, 1986; CR1 of
    /// a regression on a constant). Without clusters it is the usual `s² / n`.
    ///
    /// ```
    /// use align_metrics::{Clusters, SampleMean};
    /// let scores = [1.0, 1.0, 3.0, 3.0];
    /// let mean = SampleMean::of(&scores, Some(&Clusters::by(&["a", "a", "b", "b"])))?;
    /// assert_eq!((mean.value, mean.standard_error, mean.clusters), (2.0, 1.0, 2));
    /// # Ok::<(), align_metrics::Error>(())
    /// ```
    ///
    /// # Errors
    /// A value that is not finite, clusters with another number of rows, fewer than two clusters, or an overflow of the squares.
    pub fn of(values: &[f64], clusters: Option<&Clusters>) -> Result<Self> {
        check_all_finite("value", values.iter().copied())?;
        let n = values.len();
        let clusters = Clusters::or_one_per_row(clusters, n)?;
        let count = clusters.count();
        if count < 2 {
            let what = "texts of different prompts, for a standard error";
            return Err(Error::TooFew { what, least: 2, found: count });
        }
        let value = CompensatedSum::of(values.iter().copied()) / n as f64;
        let residuals = clusters.sums(values.iter().map(|x| x - value));
        let squares = CompensatedSum::of(residuals.iter().map(|e| e * e));
        let standard_error = (count as f64 / (count as f64 - 1.0) * squares).sqrt() / n as f64;
        if !standard_error.is_finite() {
            return Err(Error::Overflow("values", "squares"));
        }
        Ok(Self { value, standard_error, n, clusters: count })
    }
}
