use crate::pairwise::Pairwise;
use crate::{Error, Result, Samples};
use align_base::random::generator;
use rand::seq::index;

/// Maximum number of vectors of which the median distance is computed exactly: their distances take 16 MB.
const MOST_OF_MEDIAN: usize = 2000;

/// The Euclidean distances of each two vectors of two samples, which [`Mmd`](crate::Mmd) and
/// [`EnergyDistance`](crate::EnergyDistance) share.
///
/// ```
/// use align_metrics::{EnergyDistance, Mmd, PairwiseDistances, Samples};
/// let distances = PairwiseDistances::new(&Samples::new(1, &[0.0, 1.0])?, &Samples::new(1, &[10.0, 11.0])?)?;
/// let mmd = Mmd::of_distances(&distances, 5.0)?;
/// assert!(mmd.squared() > 0.5 && EnergyDistance::of_distances(distances).value() == 18.0);
/// # Ok::<(), align_metrics::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct PairwiseDistances(pub(crate) Pairwise);

impl PairwiseDistances {
    /// Maximum number of vectors of both samples, whose distances take 1 GB.
    pub const MOST_VECTORS: usize = 16_000;

    /// Computes the distances.
    ///
    /// # Errors
    /// Samples of different widths, a sample with fewer than two vectors, or more than [`Self::MOST_VECTORS`] in both.
    pub fn new(first: &Samples, second: &Samples) -> Result<Self> {
        let pooled = first.pooled(second, 2)?;
        if pooled.len() > Self::MOST_VECTORS {
            let expected = format!("at most {} in both samples, whose distances take 1 GB", Self::MOST_VECTORS);
            return Err(Error::Option { option: "vectors", expected, found: pooled.len().to_string() });
        }
        Ok(Self(Pairwise::of(&pooled, first.rows(), distance)))
    }
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>().sqrt()
}

/// The median distance between vectors that differ: the bandwidth of one kernel for several comparisons
/// ([`Mmd::with_bandwidth`](crate::Mmd::with_bandwidth)). `None` if all vectors are equal. Of more than 2,000 vectors, it is that of
/// 2,000 of them, drawn with the seed.
///
/// ```
/// let samples = align_metrics::Samples::new(1, &[0.0, 1.0, 3.0])?;
/// assert_eq!(align_metrics::median_distance(&samples, 0), Some(2.0)); // of 1, 2 and 3
/// # Ok::<(), align_metrics::Error>(())
/// ```
#[must_use]
pub fn median_distance(samples: &Samples, seed: u64) -> Option<f64> {
    let rows: Vec<usize> = if samples.rows() > MOST_OF_MEDIAN {
        index::sample(&mut generator(seed, "median distance", 0), samples.rows(), MOST_OF_MEDIAN).into_vec()
    } else {
        (0..samples.rows()).collect()
    };
    let rows: Vec<&[f32]> = rows.into_iter().map(|row| samples.row(row)).collect();
    Pairwise::of(&rows, rows.len(), distance).positive_median()
}
