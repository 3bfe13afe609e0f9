use crate::Result;
use align_distributed::ProcessGroup;

/// Reorders the rows of a batch so that the processes' [shares](ProcessGroup::share) of it have about the same number of tokens. The order
/// is a function of the batch and the number of processes.
pub(crate) fn balanced(
    group: &ProcessGroup,
    rows: &[usize],
    tokens: impl FnOnce(&[usize]) -> Result<Vec<usize>>,
) -> Result<Vec<usize>> {
    if group.is_single() {
        return Ok(rows.to_vec());
    }
    let sizes: Vec<usize> = group.shares(rows.len()).map(|share| share.len()).collect();
    Ok(balanced_parts(&sizes, rows, &tokens(rows)?).concat())
}

/// Gives each row, the longest first, to the part with the fewest tokens that has room.
fn balanced_parts(sizes: &[usize], rows: &[usize], tokens: &[usize]) -> Vec<Vec<usize>> {
    let mut rows: Vec<(usize, usize)> = rows.iter().copied().zip(tokens.iter().copied()).collect();
    rows.sort_by_key(|(_, tokens)| std::cmp::Reverse(*tokens));
    let mut parts: Vec<(usize, Vec<usize>)> = sizes.iter().map(|size| (0, Vec::with_capacity(*size))).collect();
    for (row, tokens) in rows {
        let with_room = parts.iter_mut().zip(sizes).filter(|((_, part), size)| part.len() < **size);
        if let Some(((sum, part), _)) = with_room.min_by_key(|((sum, _), _)| *sum) {
            *sum += tokens;
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
        let tokens = [90, 10, 20, 80, 50, 50, 30, 70];
        let parts = balanced_parts(&[4, 4], &[0, 1, 2, 3, 4, 5, 6, 7], &tokens);
        let sums: Vec<usize> = parts.iter().map(|part| part.iter().map(|row| tokens[*row]).sum()).collect();
        assert_eq!(sums, [200, 200], "{parts:?}");
        assert_eq!(balanced_parts(&[2, 1, 0], &[5, 6, 7], &[5, 6, 7]), [vec![7, 5], vec![6], vec![]]);
    }

    #[test]
    fn each_row_is_in_one_part() {
        for (sizes, rows) in [([3, 3, 2], 8), ([1, 0, 0], 1), ([9, 9, 9], 27)] {
            let (rows, tokens): (Vec<usize>, Vec<usize>) = (0..rows).map(|row| (row, row * 37 % 11)).unzip();
            let parts = balanced_parts(&sizes, &rows, &tokens);
            assert!(parts.iter().map(Vec::len).eq(sizes), "{parts:?}");
            let mut all = parts.concat();
            all.sort_unstable();
            assert_eq!(all, rows);
        }
    }
}
