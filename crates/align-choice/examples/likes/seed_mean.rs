//! Means over seeds.

/// The mean of one number per seed, and the half-width of its 95% confidence interval by the t distribution.
#[derive(Debug, Clone, Copy)]
pub struct SeedMean {
    pub mean: f64,
    pub half_width: f64,
}

/// The seeds that all means are over.
pub const SEEDS: u64 = 20;

/// The 97.5th percentile of the t distribution with 19 degrees of freedom.
const T: f64 = 2.093;

impl SeedMean {
    pub fn of(numbers: &[f64]) -> Self {
        let count = numbers.len() as f64;
        let mean = numbers.iter().sum::<f64>() / count;
        let variance = numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / (count - 1.0);
        Self { mean, half_width: T * (variance / count).sqrt() }
    }
}

impl std::fmt::Display for SeedMean {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.1}% ± {:.1}", 100.0 * self.mean, 100.0 * self.half_width)
    }
}
