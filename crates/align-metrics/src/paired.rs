use crate::checks::check_same_length;
use crate::compensated_sum::CompensatedSum;
use crate::mean::check_scores;
use crate::{Bootstrap, Clusters, Error, Estimate, Result};
use align_base::random::generator;
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// Maximum relative difference between sums of the same values in different orders.
const ROUNDING: f64 = 1e-14;

/// A comparison of two models by their scores on the same prompts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PairedComparison {
    /// Number of pairs of scores.
    pub rows: usize,
    /// Number of prompts, which are the units of resampling and of sign flips.
    pub prompts: usize,
    /// The mean of the first model's score minus the second's.
    pub mean_difference: Estimate,
    /// The fraction of rows in which the first model's score is higher; equal scores count half.
    pub win_rate: Estimate,
    /// The two-sided p-value of a sign-flip permutation test: the probability of a mean difference at least as far from 0, if on each
    /// prompt the scores were assigned to the two models by chance.
    pub p_value: f64,
}

impl PairedComparison {
    /// Compares the scores of two models row by row. `prompts` are the groups of rows that share a prompt; without it each row has its own
    /// prompt.
    ///
    /// The confidence intervals are bootstrap percentiles over prompts, each with all its rows. For the p-value, the signs of all
    /// differences of a prompt are flipped together. If there are at most `bootstrap.resamples` combinations of signs, all are used. Else
    /// that many random combinations are used, and the observed one is added (Phipson and Smyth, 2010), so the p-value is at least
    /// `1 / (resamples + 1)`. With several texts per prompt, the pairing of texts affects the win rate, but not the other results.
    ///
    /// ```
    /// use align_metrics::{Bootstrap, PairedComparison};
    /// let (dpo, sft) = ([1.0, 2.0, 3.0, 1.0], [0.0, 1.5, 3.0, -1.0]);
    /// let found = PairedComparison::of(&dpo, &sft, None, &Bootstrap::default())?;
    /// assert_eq!((found.mean_difference.value, found.win_rate.value), (0.875, 0.875));
    /// // Of the 16 combinations of signs, the 4 in which 1, 0.5 and 2 have the same sign are as far from 0.
    /// assert_eq!(found.p_value, 4.0 / 16.0);
    /// # Ok::<(), align_metrics::Error>(())
    /// ```
    ///
    /// # Errors
    /// Lists of different lengths, a score that is not finite or too large, fewer than two prompts, or an option out of range.
    pub fn of(first: &[f64], second: &[f64], prompts: Option<&Clusters>, bootstrap: &Bootstrap) -> Result<Self> {
        check_scores(first)?;
        check_same_length("scores of the second model", "first model's", first.len(), second.len())?;
        check_scores(second)?;
        let prompts = Clusters::or_one_per_row(prompts, first.len())?;
        if prompts.count() < 2 {
            return Err(Error::TooFew { what: "prompts, for an interval", least: 2, found: prompts.count() });
        }
        let pairs = || first.iter().zip(second);
        let won = |(a, b): (&f64, &f64)| {
            if a > b {
                1.0
            } else if a < b {
                0.0
            } else {
                0.5
            }
        };
        let differences = prompts.sums(pairs().map(|(a, b)| a - b));
        let wins = prompts.sums(pairs().map(won));
        let sizes = prompts.sums(first.iter().map(|_| 1.0));
        let of_prompts = |drawn: &[usize]| {
            let total = |of: &[f64]| CompensatedSum::of(drawn.iter().filter_map(|prompt| of.get(*prompt)).copied());
            [total(&differences) / total(&sizes), total(&wins) / total(&sizes)]
        };
        let all: Vec<usize> = (0..prompts.count()).collect();
        let [mean_difference, win_rate] = of_prompts(&all);
        // A resample may contain only the prompt with the largest difference.
        if !(CompensatedSum::of(differences.iter().map(|x| x.abs())) * differences.len() as f64).is_finite() {
            return Err(Error::Overflow("scores", "differences"));
        }
        let [means, rates] = bootstrap.values(prompts.count(), of_prompts)?;
        Ok(Self {
            rows: first.len(),
            prompts: prompts.count(),
            mean_difference: Estimate { value: mean_difference, interval: bootstrap.percentiles(means) },
            win_rate: Estimate { value: win_rate, interval: bootstrap.percentiles(rates) },
            p_value: sign_flip_p_value(&differences, bootstrap),
        })
    }
}

/// The fraction of sign flips for which the sum is at least as far from 0.
fn sign_flip_p_value(differences: &[f64], bootstrap: &Bootstrap) -> f64 {
    let least =
        flipped_sum(differences, |_| false) - ROUNDING * CompensatedSum::of(differences.iter().map(|x| x.abs()));
    let combinations = u32::try_from(differences.len()).ok().and_then(|count| 1usize.checked_shl(count));
    match combinations.filter(|combinations| *combinations <= bootstrap.resamples) {
        Some(combinations) => {
            let is_far = |signs: &usize| flipped_sum(differences, |at| signs >> at & 1 == 1) >= least;
            (0..combinations).filter(is_far).count() as f64 / combinations as f64
        }
        None => {
            let is_far = |draw: &usize| {
                let mut rng = generator(bootstrap.seed, "sign flips", *draw as u64);
                flipped_sum(differences, |_| rng.random()) >= least
            };
            ((0..bootstrap.resamples).filter(is_far).count() as f64 + 1.0) / (bootstrap.resamples as f64 + 1.0)
        }
    }
}

fn flipped_sum(differences: &[f64], mut is_flipped: impl FnMut(usize) -> bool) -> f64 {
    CompensatedSum::of(differences.iter().enumerate().map(|(at, x)| if is_flipped(at) { -x } else { *x })).abs()
}
