use crate::pairwise::Pairwise;
use crate::{Error, PairwiseDistances, Result, Samples};

/// The squared maximum mean discrepancy (MMD) of two samples of vectors, with an RBF kernel: Gretton et al. (2012, "A Kernel Two-Sample
/// Test", JMLR 13), the unbiased estimator of lemma 6.
///
/// `E[k(x, x')] + E[k(y, y')] - 2 E[k(x, y)]` with `k(a, b) = exp(-‖a - b‖² / (2 σ²))`, where the expectations within a sample leave out
/// equal indices. It is 0 on average if the distributions are equal, so it may be negative, and at most 2. If the bandwidth `σ` is not
/// given, it is the median of the pooled vectors' positive distances.
///
/// ```
/// use align_metrics::{Mmd, Samples};
/// let (near, far) = ([0.0, 0.1, 0.2, 0.3], [9.0, 9.1, 9.2, 9.3]);
/// let mmd = Mmd::new(&Samples::new(1, &near)?, &Samples::new(1, &far)?)?;
/// assert!(mmd.squared() > 0.5 && mmd.bandwidth() > 8.0);
/// # Ok::<(), align_metrics::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Mmd {
    kernel: Pairwise,
    bandwidth: f64,
}

impl Mmd {
    /// Compares two samples, with the median heuristic for the bandwidth.
    ///
    /// # Errors
    /// Those of [`PairwiseDistances::new`].
    pub fn new(first: &Samples, second: &Samples) -> Result<Self> {
        let distances = PairwiseDistances::new(first, second)?;
        // If all vectors are equal, any bandwidth gives 0.
        let bandwidth = distances.0.positive_median().unwrap_or(1.0);
        Self::of_distances(&distances, bandwidth)
    }

    /// Compares two samples with a given bandwidth, so that several comparisons use the same kernel.
    ///
    /// # Errors
    /// Those of [`Mmd::new`], or a bandwidth that is not a positive number.
    pub fn with_bandwidth(first: &Samples, second: &Samples, bandwidth: f64) -> Result<Self> {
        Self::of_distances(&PairwiseDistances::new(first, second)?, bandwidth)
    }

    /// Compares two samples by their distances.
    ///
    /// # Errors
    /// A bandwidth that is not a positive number.
    pub fn of_distances(distances: &PairwiseDistances, bandwidth: f64) -> Result<Self> {
        if !(bandwidth > 0.0 && bandwidth.is_finite()) {
            let expected = "a positive number".to_owned();
            return Err(Error::Option { option: "bandwidth", expected, found: bandwidth.to_string() });
        }
        let scale = -0.5 / (bandwidth * bandwidth);
        Ok(Self { kernel: distances.0.map(|distance| (distance * distance * scale).exp()), bandwidth })
    }

    /// The bandwidth `σ`.
    #[must_use]
    pub fn bandwidth(&self) -> f64 {
        self.bandwidth
    }

    /// The squared MMD.
    #[must_use]
    pub fn squared(&self) -> f64 {
        self.of_split(&self.kernel.observed())
    }

    /// The squared MMD of another split of the pooled vectors (the first sample's, then the second's) into two samples, for a
    /// [`PermutationTest`](crate::PermutationTest).
    #[must_use]
    pub fn of_split(&self, is_first: &[bool]) -> f64 {
        self.kernel.within_minus_between(is_first)
    }
}
