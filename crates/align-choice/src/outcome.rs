use crate::Ranking;
use serde::{Deserialize, Serialize};

/// What a rule makes of a table or a profile. Candidates are indices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The ranking, with ties.
    pub ranking: Ranking,
    /// The pairs of candidates in different tiers of which the rule ranks neither above the other, ascending, each with the one in the better tier first. The tiers
    /// of ranked pairs and of Schulze come from a partial order: a candidate is above some of a worse tier, but maybe not above all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub incomparable: Vec<(usize, usize)>,
    /// The winners, ascending: the tied candidates in first place. For maximal lotteries: the candidates with a positive probability in some
    /// maximal lottery.
    pub winners: Vec<usize>,
    /// The number by which the rule ranks each candidate, higher is better. `None` if the rule has no such number (ranked pairs, Schulze,
    /// Kemeny-Young, the Smith set) or no judge scores the candidate. For leximin it is the lowest score.
    pub scores: Vec<Option<f64>>,
    /// The probability of each candidate, for maximal lotteries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lottery: Option<Vec<f64>>,
    /// How far the ranking is from those of the judges, for Kemeny-Young.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kemeny: Option<KemenyDistance>,
    /// Whether each candidate meets all thresholds, for thresholds. If none does, the winners do not either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meets_thresholds: Option<Vec<bool>>,
}

/// The distance of a ranking from those of the judges: the weight of the judges' preferences between two candidates that the ranking
/// reverses.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct KemenyDistance {
    /// The distance of the ranking. With ties, of each ranking without ties that is best.
    pub distance: f64,
    /// No ranking has a smaller distance than this.
    pub lower_bound: f64,
    /// Whether the ranking is known to have the smallest distance.
    pub is_exact: bool,
}

impl Outcome {
    /// An outcome with a ranking only.
    pub(crate) fn of_ranking(ranking: Ranking, candidates: usize) -> Self {
        let winners = ranking.first().to_vec();
        Self {
            ranking,
            incomparable: Vec::new(),
            winners,
            scores: vec![None; candidates],
            lottery: None,
            kemeny: None,
            meets_thresholds: None,
        }
    }

    /// An outcome of a strict partial order, ranked in levels.
    pub(crate) fn of_partial_order(candidates: usize, is_above: impl Fn(usize, usize) -> bool) -> Self {
        let ranking = Ranking::by_levels(candidates, &is_above);
        let mut incomparable = Vec::new();
        for (tier, upper) in ranking.tiers().iter().enumerate() {
            for y in ranking.tiers().iter().skip(tier + 1).flatten() {
                incomparable.extend(upper.iter().filter(|x| !is_above(**x, *y)).map(|x| (*x, *y)));
            }
        }
        incomparable.sort_unstable();
        Self { incomparable, ..Self::of_ranking(ranking, candidates) }
    }

    /// Whether the rule ranks candidate `x` above `y`: its tier is better, and the two are not among [`Outcome::incomparable`].
    #[must_use]
    pub fn ranks_above(&self, x: usize, y: usize) -> bool {
        let is_better = self.ranking.tier(x).zip(self.ranking.tier(y)).is_some_and(|(x, y)| x < y);
        is_better && self.incomparable.binary_search(&(x, y)).is_err()
    }

    /// An outcome with the numbers that it is ranked by.
    pub(crate) fn of_scores(ranking: Ranking, scores: impl IntoIterator<Item = f64>) -> Self {
        let scores: Vec<Option<f64>> = scores.into_iter().map(Some).collect();
        Self { scores, ..Self::of_ranking(ranking, 0) }
    }

    /// The candidate that a lottery draws by a number from 0 to 1, which should come from a seeded generator. `None` if the rule is not a
    /// lottery.
    #[must_use]
    pub fn draw(&self, uniform: f64) -> Option<usize> {
        let lottery = self.lottery.as_ref()?;
        let mut below = 0.0;
        let drawn = lottery.iter().position(|probability| {
            below += probability;
            *probability > 0.0 && uniform < below
        });
        // The probabilities may sum to slightly less than 1.
        drawn.or_else(|| lottery.iter().rposition(|probability| *probability > 0.0))
    }

    /// Breaks the ties by an order of the candidates.
    pub(crate) fn with_order(mut self, order: Option<&[usize]>) -> Self {
        let Some(order) = order else { return self };
        self.ranking = self.ranking.in_order(order);
        self.incomparable.clear();
        if self.lottery.is_none() {
            self.winners = self.ranking.first().to_vec();
        }
        self
    }

    /// The outcome with the candidates renumbered: `i` becomes `kept[i]`. The other candidates are tied in last place.
    pub(crate) fn renumbered(self, kept: &[usize], candidates: usize) -> Self {
        let left_out: Vec<usize> = (0..candidates).filter(|at| !kept.contains(at)).collect();
        let spread = |values: Vec<f64>| {
            let mut all = vec![0.0; candidates];
            kept.iter().zip(values).for_each(|(at, value)| all[*at] = value);
            all
        };
        let mut scores = vec![None; candidates];
        kept.iter().zip(self.scores).for_each(|(at, score)| scores[*at] = score);
        let last = Ranking::of_tiers(vec![left_out]);
        Self {
            ranking: self.ranking.renumbered(kept).followed_by(last),
            // `kept` is ascending, and so are these.
            incomparable: self.incomparable.iter().map(|(x, y)| (kept[*x], kept[*y])).collect(),
            winners: self.winners.iter().map(|at| kept[*at]).collect(),
            scores,
            lottery: self.lottery.map(spread),
            kemeny: self.kemeny,
            meets_thresholds: None,
        }
    }
}
