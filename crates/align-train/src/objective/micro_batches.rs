//! Rows that go through a model together.

/// Splits rows into parts of at most `budget` tokens, padding included: each row is `sequences` sequences of up to its length.
///
/// Rows that fit are one part in their order. Otherwise rows of like length share a part, longest first, so that little is padded;
/// a part holds one row at least.
pub(crate) fn micro_batches(lengths: impl Iterator<Item = usize>, sequences: usize, budget: usize) -> Vec<Vec<usize>> {
    let tokens = |rows: usize, longest: usize| rows.saturating_mul(sequences).saturating_mul(longest);
    let mut order: Vec<(usize, usize)> = lengths.enumerate().collect();
    let longest = order.iter().map(|(_, length)| *length).max().unwrap_or(0);
    if tokens(order.len(), longest) <= budget {
        return vec![(0..order.len()).collect()];
    }
    order.sort_by_key(|&(_, length)| std::cmp::Reverse(length));
    let mut parts: Vec<Vec<usize>> = Vec::new();
    let mut longest = 0;
    for (row, length) in order {
        match parts.last_mut() {
            Some(part) if tokens(part.len() + 1, longest) <= budget => part.push(row),
            _ => {
                longest = length;
                parts.push(vec![row]);
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_fit_stay_together_in_their_order() {
        assert_eq!(micro_batches([3, 9, 5].into_iter(), 2, 54), [[0, 1, 2]]);
        assert_eq!(micro_batches([].into_iter(), 2, 54), [Vec::<usize>::new()]);
    }

    #[test]
    fn parts_keep_to_the_budget_and_hold_every_row_once() {
        let lengths: Vec<usize> = (0..57).map(|i| 1 + i * 29 % 31).collect();
        for budget in [1, 62, 100, 400, 5000] {
            let parts = micro_batches(lengths.iter().copied(), 2, budget);
            for part in &parts {
                let longest = part.iter().map(|&row| lengths[row]).max().unwrap_or(0);
                assert!(part.len() == 1 || 2 * part.len() * longest <= budget, "{budget}: {part:?}");
            }
            let mut rows: Vec<usize> = parts.concat();
            rows.sort_unstable();
            assert_eq!(rows, (0..57).collect::<Vec<_>>(), "{budget}");
        }
    }
}
