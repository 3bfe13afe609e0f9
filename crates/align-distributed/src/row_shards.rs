use crate::error::{Error, Result};
use std::ops::Range;

/// How the rows of each global batch are shared out among the ranks: one after the other, in parts that differ by at most one row.
///
/// The rows of a step depend on the step and the size of the batch only, not on the number of ranks. So a run can go on with another
/// number.
///
/// ```
/// use align_distributed::RowShards;
///
/// let shards = RowShards::new(8, 3)?;
/// assert_eq!(shards.batch(1, 100), 8..16);
/// assert_eq!([0, 1, 2].map(|rank| shards.rows(1, 100, rank)), [8..11, 11..14, 14..16]);
/// # Ok::<(), align_distributed::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowShards {
    batch_size: usize,
    world_size: usize,
}

impl RowShards {
    /// Batches of `batch_size` rows for `world_size` ranks.
    ///
    /// # Errors
    /// A number is 0.
    pub fn new(batch_size: usize, world_size: usize) -> Result<Self> {
        for (name, number) in [("batch size", batch_size), ("world size", world_size)] {
            if number == 0 {
                let problem = format!("the {name} is 0, expected at least 1");
                return Err(Error::Argument { operation: "RowShards", problem });
            }
        }
        Ok(Self { batch_size, world_size })
    }

    /// The positions of a step's batch in the order of an epoch with `rows` rows. Steps count from 0 in each epoch. The last batch may be
    /// shorter, and there are none after it.
    #[must_use]
    pub fn batch(&self, step: usize, rows: usize) -> Range<usize> {
        let start = step.saturating_mul(self.batch_size).min(rows);
        start..start.saturating_add(self.batch_size).min(rows)
    }

    /// The positions of a rank's rows of a step's batch. They are empty if there are fewer rows than ranks, or no such rank.
    #[must_use]
    pub fn rows(&self, step: usize, rows: usize, rank: usize) -> Range<usize> {
        let batch = self.batch(step, rows);
        // The first `longer` ranks have one row more.
        let (each, longer) = (batch.len() / self.world_size, batch.len() % self.world_size);
        let start = |rank: usize| batch.start + rank.min(self.world_size) * each + rank.min(longer);
        start(rank)..start(rank.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_parts_of_the_ranks_make_the_batch() {
        for (world_size, batch_size, rows) in
            (1..=4).flat_map(|world| (1..=9).flat_map(move |batch| (0..=20).map(move |rows| (world, batch, rows))))
        {
            let shards = RowShards::new(batch_size, world_size).unwrap();
            let mut of_epoch = Vec::new();
            for step in 0..rows + 1 {
                let parts: Vec<Range<usize>> = (0..world_size).map(|rank| shards.rows(step, rows, rank)).collect();
                let together: Vec<usize> = parts.iter().cloned().flatten().collect();
                assert!(together.iter().copied().eq(shards.batch(step, rows)), "{parts:?}");
                let lengths = || parts.iter().map(Range::len);
                assert!(lengths().max().unwrap() - lengths().min().unwrap() <= 1, "{parts:?}");
                of_epoch.extend(together);
            }
            assert!(of_epoch.into_iter().eq(0..rows), "{world_size} ranks, batches of {batch_size} of {rows} rows");
        }
    }

    #[test]
    fn batches_do_not_depend_on_the_number_of_ranks() {
        let of = |world_size| RowShards::new(5, world_size).unwrap();
        for step in 0..4 {
            assert_eq!(of(1).batch(step, 13), of(4).batch(step, 13));
            assert_eq!(of(1).rows(step, 13, 0), of(4).batch(step, 13));
        }
        assert_eq!(of(2).batch(2, 13), 10..13);
        assert!(of(2).rows(0, 13, 2).is_empty());
    }

    #[test]
    fn numbers_must_not_be_zero() {
        assert!(RowShards::new(0, 1).unwrap_err().to_string().contains("the batch size is 0"));
        assert!(RowShards::new(1, 0).unwrap_err().to_string().contains("the world size is 0"));
    }
}
