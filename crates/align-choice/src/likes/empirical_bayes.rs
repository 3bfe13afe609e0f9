//! The prior out of the counts of all texts.

use super::{Evidence, LikesError, Prior};

/// Steps of the bisection, which end at the precision of float64.
const STEPS: usize = 100;

/// A share or rate, and how many trials or how much exposure it is out of.
struct Observed {
    share: f64,
    out_of: f64,
}

impl Prior {
    /// Estimates the prior of all texts by the method of moments (Kleinman, 1973; Paule and Mandel, 1982): the variance between texts is such
    /// that the squared deviations of their shares or rates from the mean, each divided by its own variance, have their expected sum. The
    /// mean is weighted by the same variances. Texts without trials do not count.
    ///
    /// # Errors
    /// Fewer than two texts with trials; no likes, or nothing but likes; one trial per text; evidence of different kinds.
    pub fn estimate(evidence: &[Evidence]) -> Result<Self, LikesError> {
        let is_share = matches!(evidence.first(), Some(Evidence::OutOf { .. }));
        let mut observed = Vec::with_capacity(evidence.len());
        for one in evidence {
            let (likes, out_of) = match *one {
                Evidence::OutOf { likes, trials } if is_share => (likes, trials),
                Evidence::During { likes, exposure } if !is_share => (likes, exposure),
                _ => return Err(LikesError::DifferentMeasures),
            };
            if out_of > 0.0 {
                observed.push(Observed { share: likes / out_of, out_of });
            }
        }
        check(&observed, is_share)?;
        match is_share {
            true => {
                // The intraclass correlation, 1 / (alpha + beta + 1).
                let spread = solve(1e-6, 0.99, |rho| {
                    deviations(&observed, |out_of| rho + (1.0 - rho) / out_of, spread_of_share)
                });
                let mean = weighted_mean(&observed, |out_of| spread + (1.0 - spread) / out_of);
                let strength = 1.0 / spread - 1.0;
                Ok(Self::Beta { alpha: (mean * strength).max(1e-6), beta: ((1.0 - mean) * strength).max(1e-6) })
            }
            false => {
                let typical = weighted_mean(&observed, |out_of| 1.0 / out_of);
                // The squared coefficient of variation of rates, 1 / shape.
                let variance = |spread: f64| move |out_of: f64| 1.0 / out_of + typical * spread;
                let spread = solve(1e-6, 1e4, |spread| deviations(&observed, variance(spread), |mean| mean));
                let mean = weighted_mean(&observed, variance(spread));
                Ok(Self::Gamma { shape: 1.0 / spread, rate: (1.0 / spread / mean).clamp(1e-6, 1e12) })
            }
        }
    }
}

fn check(observed: &[Observed], is_share: bool) -> Result<(), LikesError> {
    let problem = if observed.len() < 2 {
        "fewer than two texts have views, reactions or exposure"
    } else if observed.iter().all(|one| one.share == 0.0) {
        "no text has a like"
    } else if is_share && observed.iter().all(|one| one.share == 1.0) {
        "every view or reaction is a like"
    } else if is_share && observed.iter().all(|one| one.out_of == 1.0) {
        "every text has a single view or reaction"
    } else {
        return Ok(());
    };
    Err(LikesError::NoPrior(problem))
}

fn spread_of_share(mean: f64) -> f64 {
    mean * (1.0 - mean)
}

fn weighted_mean(observed: &[Observed], variance: impl Fn(f64) -> f64) -> f64 {
    let (sum, weights) = observed.iter().fold((0.0, 0.0), |(sum, weights), one| {
        let weight = 1.0 / variance(one.out_of);
        (sum + weight * one.share, weights + weight)
    });
    sum / weights
}

/// The sum of squared deviations in units of their expected value, per degree of freedom. `scale` is the variance of a single trial.
fn deviations(observed: &[Observed], variance: impl Fn(f64) -> f64, scale: fn(f64) -> f64) -> f64 {
    let mean = weighted_mean(observed, &variance);
    let sum: f64 = observed.iter().map(|one| (one.share - mean).powi(2) / variance(one.out_of)).sum();
    sum / scale(mean) / (observed.len() as f64 - 1.0)
}

/// The spread at which the deviations are 1. They fall as the spread grows. If they are 1 nowhere in the range, its nearer end.
fn solve(mut low: f64, mut high: f64, deviations: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..STEPS {
        let middle = (low * high).sqrt();
        if deviations(middle) > 1.0 {
            low = middle;
        } else {
            high = middle;
        }
        if high / low < 1.0 + 1e-9 {
            break;
        }
    }
    (low * high).sqrt()
}
