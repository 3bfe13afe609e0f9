use crate::pairwise::Pairwise;
use crate::{Error, Result, Samples};

/// The squared maximum mean discrepancy (MMD) of two samples of vectors, with an RBF kernel: Gretton et al. (2012, "A Kernel Two-Sample
/// Test", JMLR 13), the unbiased estimator of lemma 6.
///
/// `E[k(x, x')] + E[k(y, y')] - 2 E[k(x, y)]` with `k(a, b) = exp(-‖a - b‖² / (2 σ²))`, where the expectations within a sample leave out
/// equal indices. It is 0 on average if the distributions are equal, so it may be negative, and at most 2. The bandwidth `σ` is the median
/// distance of the pooled vectors that differ, if it is not given.
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
    /// Samples of different widths, or with fewer than two vectors.
    pub fn new(first: &Samples, second: &Samples) -> Result<Self> {
        let distances = Pairwise::squared_distances(first, second)?;
        // If all vectors are equal, any bandwidth gives 0.
        let bandwidth = distances.positive_median().map_or(1.0, f64::sqrt);
        Ok(Self::of(distances, bandwidth))
    }

    /// Compares two samples with a given bandwidth, so that several comparisons use the same kernel.
    ///
    /// # Errors
    /// Those of [`Mmd::new`], or a bandwidth that is not a positive number.
    pub fn with_bandwidth(first: &Samples, second: &Samples, bandwidth: f64) -> Result<Self> {
        if !(bandwidth > 0.0 && bandwidth.is_finite()) {
            let expected = "a positive number".to_owned();
            return Err(Error::Option { option: "bandwidth", expected, found: bandwidth.to_string() });
        }
        Ok(Self::of(Pairwise::squared_distances(first, second)?, bandwidth))
    }

    fn of(distances: Pairwise, bandwidth: f64) -> Self {
        let scale = -0.5 / (bandwidth * bandwidth);
        Self { kernel: distances.map(|squared| (squared * scale).exp()), bandwidth }
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

/// The median distance between vectors that differ: the bandwidth of one kernel for several comparisons ([`Mmd::with_bandwidth`]). `None` if
/// all vectors are equal.
///
/// ```
/// let samples = align_metrics::Samples::new(1, &[0.0, 1.0, 3.0])?;
/// assert_eq!(align_metrics::median_distance(&samples), Some(2.0)); // of 1, 2 and 3
/// # Ok::<(), align_metrics::Error>(())
/// ```
#[must_use]
pub fn median_distance(samples: &Samples) -> Option<f64> {
    Pairwise::within(samples).positive_median().map(f64::sqrt)
}
