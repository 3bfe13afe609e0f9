use crate::Ranking;

/// A ranking of a group of candidates, its distance, and a lower bound of all distances.
pub(super) struct Ranked {
    pub(super) ranking: Ranking,
    pub(super) distance: i128,
    pub(super) lower_bound: i128,
}
