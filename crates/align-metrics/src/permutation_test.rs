use crate::checks::check_same_length;
use crate::{Clusters, Error, Result};
use align_base::random::generator;
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// Maximum relative difference between statistics of the same split, summed in different orders.
const ROUNDING: f64 = 1e-10;

/// A permutation test of whether two samples have the same distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PermutationTest {
    /// Number of random splits; at least 1. The smallest p-value is `1 / (permutations + 1)`.
    pub permutations: usize,
    /// Seed of the random numbers. A split is a function of the seed and its number.
    pub seed: u64,
}

impl Default for PermutationTest {
    /// 999 permutations, seed 0.
    fn default() -> Self {
        Self { permutations: 999, seed: 0 }
    }
}

impl PermutationTest {
    /// The p-value: the probability of a statistic at least as large as the observed one, if both samples have the same distribution.
    ///
    /// `statistic` is called with a split of the pooled rows (the first sample's, then the second's) into two samples of the same
    /// sizes. The observed split counts as one of the permutations (Phipson and Smyth, 2010, arXiv:1603.05766), so the p-value is never
    /// 0 and the test is exact.
    ///
    /// With `prompts`, the groups of the pooled rows, rows are exchanged only within a prompt. If the texts of a prompt are independent
    /// of each other and come from the same distribution in both models, they are exchangeable within the prompt, but not between
    /// prompts, whose texts differ. So this test is exact too, and since the prompts have the same numbers of texts in each split, it
    /// does not mistake differences between prompts for differences between models. With one text per prompt and model, it swaps the
    /// two texts.
    ///
    /// ```
    /// use align_metrics::{Mmd, PermutationTest, Samples};
    /// let (first, second) = ([0.0, 0.1, 0.2, 0.3, 0.4], [9.0, 9.1, 9.2, 9.3, 9.4]);
    /// let mmd = Mmd::new(&Samples::new(1, &first)?, &Samples::new(1, &second)?)?;
    /// let p = PermutationTest::default().p_value(5, 5, None, |is_first| mmd.of_split(is_first))?;
    /// assert!(p < 0.05); // Only 2 of the 252 splits are as far apart.
    /// # Ok::<(), align_metrics::Error>(())
    /// ```
    ///
    /// # Errors
    /// No permutations, an empty sample, prompts with another number of rows, or no prompt with rows of both samples.
    pub fn p_value(
        &self,
        first: usize,
        second: usize,
        prompts: Option<&Clusters>,
        mut statistic: impl FnMut(&[bool]) -> f64,
    ) -> Result<f64> {
        if self.permutations == 0 {
            return Err(Error::Option { option: "permutations", expected: "at least 1".into(), found: "0".into() });
        }
        if first == 0 || second == 0 {
            return Err(Error::Empty("rows of one of the two samples"));
        }
        let mut is_first: Vec<bool> = (0..first + second).map(|row| row < first).collect();
        let groups: Vec<Vec<usize>> = match prompts {
            Some(prompts) => {
                check_same_length("prompts", "rows of both samples", is_first.len(), prompts.rows())?;
                prompts.members()
            }
            None => vec![(0..is_first.len()).collect()],
        };
        let is_mixed = |group: &&Vec<usize>| {
            let of_first = group.iter().filter(|row| **row < first).count();
            of_first > 0 && of_first < group.len()
        };
        if !groups.iter().any(|group| is_mixed(&group)) {
            return Err(Error::TooFew { what: "prompts with texts of both models", least: 1, found: 0 });
        }
        let observed = statistic(&is_first);
        let least = observed - ROUNDING * observed.abs();
        let mut as_large = 0;
        for number in 0..self.permutations {
            let mut rng = generator(self.seed, "permutations", number as u64);
            for group in groups.iter().filter(is_mixed) {
                let mut sides: Vec<bool> = group.iter().map(|row| *row < first).collect();
                for last in (1..sides.len()).rev() {
                    sides.swap(last, rng.random_range(0..=last));
                }
                for (row, side) in group.iter().zip(sides) {
                    if let Some(slot) = is_first.get_mut(*row) {
                        *slot = side;
                    }
                }
            }
            as_large += usize::from(statistic(&is_first) >= least);
        }
        Ok((as_large as f64 + 1.0) / (self.permutations as f64 + 1.0))
    }
}
