use crate::{PairwisePreferences, smith_set};
use std::collections::VecDeque;

/// The shortest cycle of majorities in the Smith set: each candidate beats the next, and the last beats the first. It begins with its
/// lowest index. `None` if there is none: there is a Condorcet winner, or there are ties only.
///
/// ```
/// use align_choice::{PairwisePreferences, Profile, Unranked, condorcet_cycle};
///
/// let profile: Profile = "A > B > C\nB > C > A\nC > A > B".parse()?;
/// let pairs = PairwisePreferences::new(&profile, Unranked::NoOpinion)?;
/// assert_eq!(condorcet_cycle(&pairs), Some(vec![0, 1, 2]));
/// # Ok::<(), align_choice::Error>(())
/// ```
#[must_use]
pub fn condorcet_cycle(pairs: &PairwisePreferences) -> Option<Vec<usize>> {
    let set = smith_set(pairs);
    let cycles = set.iter().filter_map(|start| shortest_cycle(pairs, &set, *start));
    // The first of the shortest ones, which begins with its lowest index.
    cycles.min_by_key(Vec::len)
}

/// The shortest cycle through a candidate, by breadth-first search.
fn shortest_cycle(pairs: &PairwisePreferences, set: &[usize], start: usize) -> Option<Vec<usize>> {
    let mut predecessors = vec![None; pairs.candidates()];
    let mut next = VecDeque::from([start]);
    while let Some(x) = next.pop_front() {
        if pairs.beats(x, start) {
            let mut cycle = vec![x];
            let mut at = x;
            while let Some(before) = predecessors[at] {
                cycle.push(before);
                at = before;
            }
            cycle.reverse();
            return Some(cycle);
        }
        for &y in set.iter().filter(|y| pairs.beats(x, **y)) {
            if predecessors[y].is_none() {
                predecessors[y] = Some(x);
                next.push_back(y);
            }
        }
    }
    None
}
