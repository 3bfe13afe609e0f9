use align_distributed::ProcessGroup;

/// Reorders the rows of a batch so that the processes' [shares](ProcessGroup::share) of it have about the same number of tokens. The order
/// is a function of the batch and the number of processes.
pub(crate) fn balanced(group: &ProcessGroup, rows: Vec<usize>, tokens: impl Fn(usize) -> usize) -> Vec<usize> {
    if group.is_single() {
        return rows;
    }
    let sizes: Vec<usize> = group.shares(rows.len()).map(|share| share.len()).collect();
    balanced_parts(&sizes, rows, tokens).concat()
}

/// Gives each row, the longest first, to the part with the fewest tokens that has room.
fn balanced_parts(sizes: &[usize], mut rows: Vec<usize>, tokens: impl Fn(usize) -> usize) -> Vec<Vec<usize>> {
    rows.sort_by_key(|row| std::cmp::Reverse(tokens(*row)));
    let mut parts: Vec<(usize, Vec<usize>)> = sizes.iter().map(|size| (0, Vec::with_capacity(*size))).collect();
    for row in rows {
        let with_room = parts.iter_mut().zip(sizes).filter(|((_, part), size)| part.len() < **size);
        if let Some(((sum, part), _)) = with_room.min_by_key(|((sum, _), _)| *sum) {
            *sum += tokens(row);
            part.push(row);
        }
    }
    parts.into_iter().map(|(_, part)| part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_about_as_many_tokens() {
        let tokens = |row: usize| [90, 10, 20, 80, 50, 50, 30, 70][row];
        let parts = balanced_parts(&[4, 4], (0..8).collect(), tokens);
        let sums: Vec<usize> = parts.iter().map(|part| part.iter().map(|row| tokens(*row)).sum()).collect();
        assert_eq!(sums, [200, 200], "{parts:?}");
        assert_eq!(balanced_parts(&[2, 1, 0], vec![5, 6, 7], |row| row), [vec![7, 5], vec![6], vec![]]);
    }

    #[test]
    fn each_row_is_in_one_part() {
        for (sizes, rows) in [([3, 3, 2], 8), ([1, 0, 0], 1), ([9, 9, 9], 27)] {
            let parts = balanced_parts(&sizes, (0..rows).collect(), |row| row * 37 % 11);
            assert!(parts.iter().map(Vec::len).eq(sizes), "{parts:?}");
            let mut all = parts.concat();
            all.sort_unstable();
            assert!(all.into_iter().eq(0..rows));
        }
    }
}
