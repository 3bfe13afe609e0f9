use super::ranked::Ranked;
use crate::borda::borda;
use crate::{PairwisePreferences, Ranking};

/// A ranking that no move of one candidate improves, beginning with Borda's. Each two candidates are in one order or the other, so no
/// ranking has a smaller distance than the sum of the minorities.
pub(super) fn good_ranking(pairs: &PairwisePreferences) -> Ranked {
    let mut order: Vec<usize> = borda(pairs).ranking.tiers().concat();
    while (0..order.len()).any(|candidate| move_to_best_place(pairs, &mut order, candidate)) {}
    let (mut distance, mut lower_bound) = (0, 0);
    for (place, x) in order.iter().enumerate() {
        for y in &order[place + 1..] {
            distance += i128::from(pairs.units(*y, *x));
            lower_bound += i128::from(pairs.units(*y, *x).min(pairs.units(*x, *y)));
        }
    }
    Ranked { ranking: Ranking::of_tiers(order.into_iter().map(|x| vec![x]).collect()), distance, lower_bound }
}

/// Moves a candidate to the place with the smallest distance. Returns whether that is smaller than before.
fn move_to_best_place(pairs: &PairwisePreferences, order: &mut Vec<usize>, candidate: usize) -> bool {
    let Some(place) = order.iter().position(|x| *x == candidate) else { return false };
    // The change of the distance if the candidate moves up past others, or down.
    let (mut change, mut best) = (0, (0, place));
    for up in (0..place).rev() {
        change += pairs.margin_units(order[up], candidate);
        best = best.min((change, up));
    }
    change = 0;
    for (down, other) in order.iter().enumerate().skip(place + 1) {
        change += pairs.margin_units(candidate, *other);
        best = best.min((change, down));
    }
    let (change, to) = best;
    if change < 0 {
        let moved = order.remove(place);
        order.insert(to, moved);
    }
    change < 0
}
