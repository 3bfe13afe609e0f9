//! Which rows the steps of a round use.

use align_base::random::generator;
use rand::RngExt;
use rand::seq::SliceRandom;
use std::ops::Range;

/// Chooses `slots` of a round's fresh rows and of `old` rows of earlier rounds, which are numbered after the fresh ones. About a share
/// `replay` of the slots gets old rows. Fresh rows are used equally often, in a random order. Depends only on the arguments. Empty if
/// there are no rows.
///
/// * `fresh`: the numbers of rows that stay side by side, in the order of the rows; `[1, 1, …]` to order each row by itself.
pub(crate) fn choose_rows(
    slots: usize,
    (fresh, old): (&[usize], usize),
    replay: f64,
    (seed, round): (u64, u64),
) -> Vec<usize> {
    let mut end = 0;
    let runs = fresh.iter().map(|rows| {
        end += rows;
        end - rows..end
    });
    let runs: Vec<Range<usize>> = runs.collect();
    if end + old == 0 {
        return Vec::new();
    }
    let mut random = generator(seed, "round rows", round);
    let replayed = match (end, old) {
        (0, _) => slots,
        (_, 0) => 0,
        _ => (slots as f64 * replay).round() as usize,
    };
    let mut chosen: Vec<Range<usize>> = Vec::new();
    for _ in 0..replayed {
        let row = end + random.random_range(0..old.max(1));
        chosen.push(row..row + 1);
    }
    let mut left = slots - replayed;
    while left > 0 {
        let mut order = runs.clone();
        order.shuffle(&mut random);
        for run in order {
            let run = run.start..run.end.min(run.start + left);
            if run.is_empty() {
                break;
            }
            left -= run.len();
            chosen.push(run);
        }
    }
    chosen.shuffle(&mut random);
    chosen.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn counts(chosen: &[usize], rows: usize) -> Vec<usize> {
        (0..rows).map(|row| chosen.iter().filter(|chosen| **chosen == row).count()).collect()
    }

    #[test]
    fn fresh_rows_are_used_equally_often() {
        let chosen = choose_rows(10, (&[1; 4], 7), 0.0, (1, 2));
        let counts = counts(&chosen, 11);
        assert_eq!(counts[..4].iter().sum::<usize>(), 10);
        assert!(counts[..4].iter().all(|count| (2..=3).contains(count)), "{counts:?}");
        assert_eq!(counts[4..].iter().sum::<usize>(), 0);
        assert_eq!(chosen, choose_rows(10, (&[1; 4], 7), 0.0, (1, 2)));
        assert_ne!(chosen, choose_rows(10, (&[1; 4], 7), 0.0, (1, 3)));
    }

    #[test]
    fn a_share_of_the_slots_gets_old_rows() {
        let counts = counts(&choose_rows(100, (&[1; 50], 20), 0.3, (1, 2)), 70);
        assert_eq!(counts[50..].iter().sum::<usize>(), 30);
        assert!(counts[..50].iter().all(|count| (1..=2).contains(count)), "{counts:?}");
        assert_eq!(choose_rows(3, (&[], 5), 0.0, (1, 2)).len(), 3);
        assert_eq!(choose_rows(3, (&[1; 5], 0), 0.9, (1, 0)).iter().filter(|row| **row < 5).count(), 3);
        assert_eq!(choose_rows(3, (&[], 0), 0.5, (1, 2)), Vec::<usize>::new());
    }

    #[test]
    fn rows_of_a_prompt_stay_side_by_side() {
        let chosen = choose_rows(9, (&[3, 2, 4], 0), 0.0, (1, 2));
        assert_eq!(counts(&chosen, 9), [1; 9]);
        for run in [0..3, 3..5, 5..9] {
            let first = chosen.iter().position(|row| *row == run.start).unwrap();
            assert_eq!(chosen[first..first + run.len()], run.collect::<Vec<_>>());
        }
        assert_ne!(chosen, choose_rows(9, (&[3, 2, 4], 0), 0.0, (1, 3)));
        // The last run is cut off if its rows are too many.
        assert_eq!(choose_rows(3, (&[4], 0), 0.0, (1, 2)), [0, 1, 2]);
        assert_eq!(choose_rows(20, (&[4, 5], 3), 0.25, (1, 2)).iter().filter(|row| **row >= 9).count(), 5);
    }
}
