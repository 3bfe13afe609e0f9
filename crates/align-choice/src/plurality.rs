use crate::{Outcome, Profile, Ranking, Result};

/// Votes for the first place. Tied candidates share a vote equally.
pub(crate) fn plurality(profile: &Profile) -> Result<Outcome> {
    let mut votes = vec![0.0; profile.candidates().len()];
    for ballot in profile.ballots() {
        let first = ballot.tiers.iter().find(|tier| !tier.is_empty());
        for (candidate, tied) in first.iter().flat_map(|tier| tier.iter().map(|candidate| (*candidate, tier.len()))) {
            votes[candidate] += ballot.weight / tied as f64;
        }
    }
    let most = votes.iter().copied().fold(0.0, f64::max);
    Ok(Outcome::of_scores(Ranking::by_score(&votes, 1e-12 * most), votes))
}
