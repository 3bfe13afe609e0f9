use crate::{Error, Result};
use std::cmp::Reverse;

/// Batches of the indices of texts with these lengths, the longest first: texts of similar length share a batch, which keeps padding small.
///
/// # Errors
/// A `batch_size` of 0.
pub fn batches_by_length(lengths: impl IntoIterator<Item = usize>, batch_size: usize) -> Result<Vec<Vec<usize>>> {
    if batch_size == 0 {
        return Err(Error::Input("batch_size is 0, expected at least 1".into()));
    }
    let mut texts: Vec<(usize, usize)> = lengths.into_iter().enumerate().collect();
    texts.sort_by_key(|(_, length)| Reverse(*length));
    Ok(texts.chunks(batch_size).map(|batch| batch.iter().map(|(index, _)| *index).collect()).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::batches_by_length;

    #[test]
    fn the_longest_texts_are_first_and_equal_ones_keep_their_order() {
        assert_eq!(batches_by_length([2, 5, 2, 7, 5], 2).unwrap(), [vec![3, 1], vec![4, 0], vec![2]]);
        assert!(batches_by_length([1], 0).is_err());
    }
}
