use crate::{PairwiseDistances, Result, Samples};

/// The energy distance of two samples of vectors: Székely and Rizzo (2013, "Energy statistics", J. Stat. Plan. Inference 143).
///
/// `2 E‖x - y‖ - E‖x - x'‖ - E‖y - y'‖`, where the expectations within a sample leave out equal indices. It is 0 on average if the
/// distributions are equal, so it may be negative. It has no bandwidth, unlike the [`Mmd`](crate::Mmd), of which it is a
/// special case.
///
/// ```
/// use align_metrics::{EnergyDistance, Samples};
/// let energy = EnergyDistance::new(&Samples::new(1, &[0.0, 1.0])?, &Samples::new(1, &[10.0, 11.0])?)?;
/// assert_eq!(energy.value(), 2.0 * 10.0 - 1.0 - 1.0);
/// # Ok::<(), align_metrics::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct EnergyDistance {
    distances: PairwiseDistances,
}

impl EnergyDistance {
    /// Compares two samples.
    ///
    /// # Errors
    /// Those of [`PairwiseDistances::new`].
    pub fn new(first: &Samples, second: &Samples) -> Result<Self> {
        Ok(Self::of_distances(PairwiseDistances::new(first, second)?))
    }

    /// Compares two samples by their distances.
    #[must_use]
    pub fn of_distances(distances: PairwiseDistances) -> Self {
        Self { distances }
    }

    /// The energy distance.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.of_split(&self.distances.0.observed())
    }

    /// The energy distance of another split of the pooled vectors into two samples, for a
    /// [`PermutationTest`](crate::PermutationTest).
    #[must_use]
    pub fn of_split(&self, is_first: &[bool]) -> f64 {
        -self.distances.0.within_minus_between(is_first)
    }
}
