use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// A ranking by one judge, or by several that agree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ballot {
    /// The ranked candidates, best first. Those in one tier are tied. Candidates in no tier are unranked.
    pub tiers: Vec<Vec<usize>>,
    /// The weight, or the number of judges.
    pub weight: f64,
}

impl Ballot {
    /// A ballot without ties.
    #[must_use]
    pub fn strict(order: impl IntoIterator<Item = usize>, weight: f64) -> Self {
        Self { tiers: order.into_iter().map(|candidate| vec![candidate]).collect(), weight }
    }

    /// The ranking by finite scores, highest first.
    pub(crate) fn from_scores(scores: &[Option<f64>], weight: f64) -> Self {
        // Adding 0 turns -0 into 0.
        let scored = scores.iter().enumerate().filter_map(|(at, score)| Some((at, (*score)? + 0.0)));
        let mut order: Vec<(usize, f64)> = scored.collect();
        order.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        let tiers = order.chunk_by(|(_, a), (_, b)| a == b);
        Self { tiers: tiers.map(|tied| tied.iter().map(|(at, _)| *at).collect()).collect(), weight }
    }

    /// Each candidate's tier, or `None` if it is unranked. `number` is the ballot's number in messages.
    pub(crate) fn ranks(&self, candidates: &[String], number: usize) -> Result<Vec<Option<usize>>> {
        let mut ranks = vec![None; candidates.len()];
        for (tier, tied) in self.tiers.iter().enumerate() {
            for &candidate in tied {
                let (Some(rank), Some(name)) = (ranks.get_mut(candidate), candidates.get(candidate)) else {
                    let candidates = candidates.len();
                    return Err(Error::BallotCandidate { ballot: number, candidate, candidates });
                };
                if rank.replace(tier).is_some() {
                    return Err(Error::BallotTwice { ballot: number, candidate: name.clone() });
                }
            }
        }
        Ok(ranks)
    }

    /// The ballot without candidates that are not in `kept`, with the others renumbered by their place in `kept`.
    pub(crate) fn restricted(&self, kept: &[usize]) -> Self {
        let place = |candidate: &usize| kept.iter().position(|at| at == candidate);
        let tiers = self.tiers.iter().map(|tied| tied.iter().filter_map(place).collect::<Vec<usize>>());
        Self { tiers: tiers.filter(|tied| !tied.is_empty()).collect(), weight: self.weight }
    }
}
