use serde::{Deserialize, Serialize};

/// A ranking in which candidates may be tied: a weak order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ranking {
    tiers: Vec<Vec<usize>>,
}

impl Ranking {
    /// A ranking of tiers, best first. Within a tier, candidates are in ascending order.
    pub(crate) fn of_tiers(mut tiers: Vec<Vec<usize>>) -> Self {
        tiers.retain(|tier| !tier.is_empty());
        tiers.iter_mut().for_each(|tier| tier.sort_unstable());
        Self { tiers }
    }

    /// Ranks by numbers, the greatest first. Equal numbers are tied.
    pub(crate) fn by_number<T: Ord>(numbers: &[T]) -> Self {
        let mut order: Vec<(usize, &T)> = numbers.iter().enumerate().collect();
        order.sort_by(|(_, a), (_, b)| b.cmp(a));
        let tiers = order.chunk_by(|(_, a), (_, b)| a == b);
        Self::of_tiers(tiers.map(|tied| tied.iter().map(|(at, _)| *at).collect()).collect())
    }

    /// Ranks by scores, the highest first. Scores are tied if they differ by at most `rounding`, which is what sums in another order may
    /// differ by.
    pub(crate) fn by_score(scores: &[f64], rounding: f64) -> Self {
        let mut order: Vec<(usize, f64)> = scores.iter().copied().enumerate().collect();
        order.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        let tiers = order.chunk_by(|(_, a), (_, b)| a == b || a - b <= rounding);
        Self::of_tiers(tiers.map(|tied| tied.iter().map(|(at, _)| *at).collect()).collect())
    }

    /// Ranks by a strict partial order: the first tier has the candidates that are below no other one, the next those that are below
    /// candidates of the first tier only, and so on.
    pub(crate) fn by_levels(candidates: usize, is_above: impl Fn(usize, usize) -> bool) -> Self {
        let (mut rest, mut tiers): (Vec<usize>, _) = ((0..candidates).collect(), Vec::new());
        while !rest.is_empty() {
            let is_below = |y: &usize| rest.iter().any(|x| is_above(*x, *y));
            let (below, top): (Vec<usize>, Vec<usize>) = rest.iter().partition(|y| is_below(y));
            if top.is_empty() {
                tiers.push(below);
                break;
            }
            tiers.push(top);
            rest = below;
        }
        Self::of_tiers(tiers)
    }

    /// The tiers, best first. Those in one tier are tied and in ascending order.
    #[must_use]
    pub fn tiers(&self) -> &[Vec<usize>] {
        &self.tiers
    }

    /// The tied candidates in first place.
    #[must_use]
    pub fn first(&self) -> &[usize] {
        self.tiers.first().map_or(&[], Vec::as_slice)
    }

    /// The tier of a candidate, from 0, or `None` if there is no such candidate.
    #[must_use]
    pub fn tier(&self, candidate: usize) -> Option<usize> {
        self.tiers.iter().position(|tier| tier.contains(&candidate))
    }

    /// Whether no candidates are tied.
    #[must_use]
    pub fn is_strict(&self) -> bool {
        self.tiers.iter().all(|tier| tier.len() == 1)
    }

    /// The ranking as text with the names of the candidates: `B > A = C`.
    #[must_use]
    pub fn to_text(&self, names: &[impl AsRef<str>]) -> String {
        let name = |at: &usize| names.get(*at).map_or_else(|| at.to_string(), |name| name.as_ref().to_owned());
        let tiers = self.tiers.iter().map(|tier| tier.iter().map(name).collect::<Vec<String>>().join(" = "));
        tiers.collect::<Vec<String>>().join(" > ")
    }

    /// The ranking with each tier in the given order of candidates, without ties.
    pub(crate) fn in_order(&self, order: &[usize]) -> Self {
        let place = |candidate: &usize| order.iter().position(|at| at == candidate);
        let mut candidates: Vec<(usize, Option<usize>, usize)> = Vec::new();
        for (tier, tied) in self.tiers.iter().enumerate() {
            candidates.extend(tied.iter().map(|candidate| (tier, place(candidate), *candidate)));
        }
        candidates.sort_unstable();
        Self::of_tiers(candidates.into_iter().map(|(_, _, candidate)| vec![candidate]).collect())
    }

    /// The ranking with the candidates renumbered: `i` becomes `candidates[i]`.
    pub(crate) fn renumbered(&self, candidates: &[usize]) -> Self {
        Self::of_tiers(self.tiers.iter().map(|tier| tier.iter().map(|at| candidates[*at]).collect()).collect())
    }

    /// This ranking, followed by another one of other candidates.
    pub(crate) fn followed_by(mut self, other: Self) -> Self {
        self.tiers.extend(other.tiers);
        self
    }
}
