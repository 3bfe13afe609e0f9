use align_choice::{Judge, ScoreTable};

/// How far the judges agree that one text is better than another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Support {
    /// The share of the judges that score the first text higher, by weight, among those that score both. Equal scores count half.
    pub agreement: f64,
    /// The number of judges that these weights are worth: `(Σ w)² / Σ w²`, which is their number if they have equal weights (Kish, 1965).
    pub judges: f64,
}

impl Support {
    /// How far the judges of a table prefer its candidate `chosen` to `rejected`. `None` if no judge of positive weight scores both.
    ///
    /// ```
    /// use align_choice::{Judge, ScoreTable};
    /// use align_data::judges::Support;
    ///
    /// let judges = [Judge::new("a", [2.0, 1.0]).weighted(2.0), Judge::new("b", [1.0, 2.0])];
    /// let support = Support::of(&ScoreTable::new(["x", "y"], judges)?, 0, 1).ok_or("no judge")?;
    /// assert_eq!((support.agreement, support.judges), (2.0 / 3.0, 1.8));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn of(table: &ScoreTable, chosen: usize, rejected: usize) -> Option<Self> {
        let both = |judge: &Judge| {
            let score = |candidate: usize| judge.scores().get(candidate).copied().flatten();
            Some((judge.weight(), score(chosen)?, score(rejected)?))
        };
        let counted: Vec<(f64, f64, f64)> = table.judges().iter().filter_map(both).collect();
        // Ratios to the greatest weight, so that their squares do not overflow and equal weights are exactly 1.
        let greatest = counted.iter().map(|(weight, ..)| *weight).fold(0.0, f64::max);
        let (mut agree, mut weights, mut squares) = (0.0, 0.0, 0.0);
        for (weight, chosen, rejected) in counted.iter().filter(|_| greatest > 0.0) {
            let weight = weight / greatest;
            weights += weight;
            squares += weight * weight;
            agree += if chosen > rejected { weight } else { f64::from(chosen == rejected) * 0.5 * weight };
        }
        (weights > 0.0).then(|| Self { agreement: agree / weights, judges: weights * weights / squares })
    }

    /// The probability that another judge of the same kind prefers the first text: the posterior mean with a beta prior that counts as much as
    /// `smoothing` judges on each side. 0.5 is the prior of Jeffreys, 1 that of Laplace. With 0 it is the agreement.
    #[must_use]
    pub fn probability(self, smoothing: f64) -> f64 {
        (self.agreement * self.judges + smoothing) / (self.judges + 2.0 * smoothing)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use align_choice::Judge;

    fn support(judges: &[(f64, Option<f64>, Option<f64>)]) -> Option<Support> {
        let judge = |(at, (weight, x, y)): (usize, &(f64, _, _))| {
            Judge::with_abstentions(at.to_string(), [*x, *y]).weighted(*weight)
        };
        Support::of(&ScoreTable::new(["x", "y"], judges.iter().enumerate().map(judge)).unwrap(), 0, 1)
    }

    #[test]
    fn ties_count_half_and_abstentions_do_not_count() {
        let (high, low) = (Some(2.0), Some(1.0));
        let found = support(&[(1.0, high, low), (1.0, low, low), (1.0, low, high), (5.0, high, None)]).unwrap();
        assert_eq!(found, Support { agreement: 0.5, judges: 3.0 });
        assert_eq!(support(&[(1.0, high, None), (1.0, None, low), (0.0, high, low)]), None);
        // 2 of 3 by weight; (2 + 1)² / (4 + 1).
        assert_eq!(support(&[(2e300, high, low), (1e300, low, high)]).unwrap().judges, 1.8);
    }

    /// Three judges that agree: (3 + ½) / (3 + 1) by Jeffreys, (3 + 1) / (3 + 2) by Laplace.
    #[test]
    fn the_probability_is_the_posterior_mean() {
        let found = support(&[(1.0, Some(2.0), Some(1.0)); 3]).unwrap();
        assert_eq!([0.5, 1.0, 0.0].map(|smoothing| found.probability(smoothing)), [0.875, 0.8, 1.0]);
        let weighted = Support { agreement: 0.75, judges: 1.6 };
        assert!((weighted.probability(0.5) - 1.7 / 2.6).abs() < 1e-15);
    }
}
