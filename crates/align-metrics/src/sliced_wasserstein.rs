use crate::compensated_sum::CompensatedSum;
use crate::{Error, Result, Samples};
use align_base::random::generator;
use rand::RngExt;
use rand_distr::StandardNormal;

/// The sliced Wasserstein distance of order 2 of two samples of vectors: Bonneel et al. (2015, "Sliced and Radon Wasserstein Barycenters
/// of Measures", J. Math. Imaging Vis. 51).
///
/// `(E_θ W₂²(θ·x, θ·y))^(1/2)` over directions `θ` of unit length, of which a number is drawn with a seed. In one dimension, W₂ is the
/// root mean square of the differences of quantiles. A shift of all vectors by `s` in `d` dimensions gives `‖s‖ / √d` on average over
/// directions, and exactly `‖s‖` in one. It is 0 for equal samples, and positive for different samples of one distribution, less so the
/// larger they are.
///
/// ```
/// use align_metrics::{Samples, SlicedWasserstein};
/// let (first, second) = ([0.0, 1.0, 5.0], [3.0, 4.0, 8.0]);
/// let distance = SlicedWasserstein::new(&Samples::new(1, &first)?, &Samples::new(1, &second)?, 10, 0)?;
/// assert!((distance.value() - 3.0).abs() < 1e-6);
/// # Ok::<(), align_metrics::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SlicedWasserstein {
    /// The pooled vectors' projections on each direction in ascending order, with the index of the vector.
    projections: Vec<Vec<(f64, usize)>>,
    rows: usize,
    first: usize,
}

impl SlicedWasserstein {
    /// Projects two samples on `projections` random directions.
    ///
    /// # Errors
    /// Samples of different widths, an empty sample, or no projections.
    pub fn new(first: &Samples, second: &Samples, projections: usize, seed: u64) -> Result<Self> {
        let pooled = first.pooled(second, 1)?;
        if projections == 0 {
            return Err(Error::Option { option: "projections", expected: "at least 1".into(), found: "0".into() });
        }
        let project = |number: usize| {
            let mut rng = generator(seed, "projections", number as u64);
            let direction: Vec<f64> = (0..first.columns()).map(|_| rng.sample(StandardNormal)).collect();
            let norm = direction.iter().map(|x| x * x).sum::<f64>().sqrt();
            let dot = |row: &[f32]| row.iter().zip(&direction).map(|(x, d)| f64::from(*x) * d).sum::<f64>() / norm;
            let mut values: Vec<(f64, usize)> = pooled.iter().map(|row| dot(row)).zip(0..).collect();
            values.sort_by(|(a, _), (b, _)| a.total_cmp(b));
            values
        };
        let (rows, first) = (pooled.len(), first.rows());
        Ok(Self { projections: (0..projections).map(project).collect(), rows, first })
    }

    /// The distance.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.of_split(&(0..self.rows).map(|row| row < self.first).collect::<Vec<_>>())
    }

    /// The distance of another split of the pooled vectors into two samples, for a [`PermutationTest`](crate::PermutationTest).
    #[must_use]
    pub fn of_split(&self, is_first: &[bool]) -> f64 {
        let side = |values: &[(f64, usize)], wanted: bool| -> Vec<f64> {
            values.iter().filter(|(_, row)| is_first.get(*row) == Some(&wanted)).map(|(value, _)| *value).collect()
        };
        let squares = self.projections.iter().map(|values| squared_distance(&side(values, true), &side(values, false)));
        (CompensatedSum::of(squares) / self.projections.len() as f64).sqrt()
    }
}

/// The squared W₂ of two samples of numbers in ascending order: the integral of the squared difference of their quantiles.
fn squared_distance(first: &[f64], second: &[f64]) -> f64 {
    // Each value of a sample has as much mass as the other sample has values, so that masses are whole numbers.
    let (n, m) = (first.len(), second.len());
    let (mut a, mut b) = (first.iter(), second.iter());
    let (mut x, mut y) = (a.next(), b.next());
    let (mut left_of_x, mut left_of_y) = (m, n);
    let mut sum = 0.0;
    while let (Some(from), Some(to)) = (x, y) {
        let moved = left_of_x.min(left_of_y);
        sum += moved as f64 * (from - to).powi(2);
        left_of_x -= moved;
        left_of_y -= moved;
        if left_of_x == 0 {
            (x, left_of_x) = (a.next(), m);
        }
        if left_of_y == 0 {
            (y, left_of_y) = (b.next(), n);
        }
    }
    sum / (n as f64 * m as f64)
}
