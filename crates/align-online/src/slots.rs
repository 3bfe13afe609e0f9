//! Which rows the steps of a round use.

use align_base::random::generator;
use rand::RngExt;
use rand::seq::SliceRandom;

/// Chooses `slots` of a round's `fresh` rows and of `old` rows of earlier rounds, which are numbered after the fresh ones. About a share
/// `replay` of the slots gets old rows. Fresh rows are used equally often, in a random order. Depends only on the arguments. Empty if
/// there are no rows.
pub(crate) fn choose_rows(
    slots: usize,
    (fresh, old): (usize, usize),
    replay: f64,
    (seed, round): (u64, u64),
) -> Vec<usize> {
    if fresh + old == 0 {
        return Vec::new();
    }
    let mut random = generator(seed, "round rows", round);
    let replayed = match (fresh, old) {
        (0, _) => slots,
        (_, 0) => 0,
        _ => (slots as f64 * replay).round() as usize,
    };
    let mut chosen: Vec<usize> = (0..replayed).map(|_| fresh + random.random_range(0..old.max(1))).collect();
    while chosen.len() < slots {
        let mut order: Vec<usize> = (0..fresh).collect();
        order.shuffle(&mut random);
        chosen.extend(order.into_iter().take(slots - chosen.len()));
    }
    chosen.shuffle(&mut random);
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(chosen: &[usize], rows: usize) -> Vec<usize> {
        (0..rows).map(|row| chosen.iter().filter(|chosen| **chosen == row).count()).collect()
    }

    #[test]
    fn fresh_rows_are_used_equally_often() {
        let chosen = choose_rows(10, (4, 7), 0.0, (1, 2));
        let counts = counts(&chosen, 11);
        assert_eq!(counts[..4].iter().sum::<usize>(), 10);
        assert!(counts[..4].iter().all(|count| (2..=3).contains(count)), "{counts:?}");
        assert_eq!(counts[4..].iter().sum::<usize>(), 0);
        assert_eq!(chosen, choose_rows(10, (4, 7), 0.0, (1, 2)));
        assert_ne!(chosen, choose_rows(10, (4, 7), 0.0, (1, 3)));
    }

    #[test]
    fn a_share_of_the_slots_gets_old_rows() {
        let counts = counts(&choose_rows(100, (50, 20), 0.3, (1, 2)), 70);
        assert_eq!(counts[50..].iter().sum::<usize>(), 30);
        assert!(counts[..50].iter().all(|count| (1..=2).contains(count)), "{counts:?}");
        assert_eq!(choose_rows(3, (0, 5), 0.0, (1, 2)).len(), 3);
        assert_eq!(choose_rows(3, (5, 0), 0.9, (1, 0)).iter().filter(|row| **row < 5).count(), 3);
        assert_eq!(choose_rows(3, (0, 0), 0.5, (1, 2)), Vec::<usize>::new());
    }
}
