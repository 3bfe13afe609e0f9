use crate::copeland::copeland_numbers;
use crate::{Outcome, PairwisePreferences, Ranking};

/// Ranks the Smith set first, then the Smith set of the rest, and so on.
pub(crate) fn smith_ranking(pairs: &PairwisePreferences) -> Outcome {
    Outcome::of_ranking(Ranking::of_tiers(smith_tiers(pairs)), pairs.candidates())
}

/// The Smith set, ascending: the smallest set of candidates that beat all others (Smith, 1973).
///
/// ```
/// use align_choice::{PairwisePreferences, Profile, Unranked, smith_set};
///
/// let profile: Profile = "A > B > C > D\nB > C > A > D\nC > A > B > D".parse()?;
/// assert_eq!(smith_set(&PairwisePreferences::new(&profile, Unranked::NoOpinion)?), [0, 1, 2]);
/// # Ok::<(), align_choice::Error>(())
/// ```
#[must_use]
pub fn smith_set(pairs: &PairwisePreferences) -> Vec<usize> {
    let mut first = smith_tiers(pairs).into_iter().next().unwrap_or_default();
    first.sort_unstable();
    first
}

/// The candidate that beats every other one, if there is one (Condorcet, 1785).
#[must_use]
pub fn condorcet_winner(pairs: &PairwisePreferences) -> Option<usize> {
    match smith_set(pairs)[..] {
        [winner] => Some(winner),
        _ => None,
    }
}

/// The candidates in tiers. Each one beats all candidates of later tiers, and no tier can be divided further.
///
/// The first tiers are always the first candidates by Copeland's numbers. The first `k` candidates beat all others if and only if the sum of
/// their numbers is `k (n - k)`, because the pairs among them add nothing to the sum.
pub(crate) fn smith_tiers(pairs: &PairwisePreferences) -> Vec<Vec<usize>> {
    let numbers = copeland_numbers(pairs);
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    order.sort_by_key(|candidate| std::cmp::Reverse(numbers[*candidate]));
    let (mut tiers, mut tier, mut sum) = (Vec::new(), Vec::new(), 0);
    for (before, candidate) in order.into_iter().enumerate() {
        tier.push(candidate);
        sum += numbers[candidate];
        let first = before as i64 + 1;
        if sum == first * (numbers.len() as i64 - first) {
            tiers.push(std::mem::take(&mut tier));
        }
    }
    tiers
}
