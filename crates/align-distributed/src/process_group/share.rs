//! Sharing out rows among the ranks.

use super::ProcessGroup;
use std::ops::Range;

impl ProcessGroup {
    /// This rank's part of `rows` rows. The parts of all ranks follow one another, and their lengths differ by at most one row: with fewer
    /// rows than ranks, the last ranks have none.
    ///
    /// ```
    /// # use align_distributed::ProcessGroup;
    /// assert_eq!(ProcessGroup::single().share(5), 0..5);
    /// ```
    #[must_use]
    pub fn share(&self, rows: usize) -> Range<usize> {
        share_of(rows, self.rank, self.world_size)
    }

    /// The parts of `rows` rows of all ranks.
    pub fn shares(&self, rows: usize) -> impl Iterator<Item = Range<usize>> {
        let world_size = self.world_size;
        (0..world_size).map(move |rank| share_of(rows, rank, world_size))
    }
}

/// The part of `rows` rows of one of `world_size` ranks, as [`ProcessGroup::share`] has it.
#[must_use]
pub fn share_of(rows: usize, rank: usize, world_size: usize) -> Range<usize> {
    // The first `longer` ranks have one row more.
    let world_size = world_size.max(1);
    let (each, longer) = (rows / world_size, rows % world_size);
    let start = |rank: usize| rank * each + rank.min(longer);
    start(rank)..start(rank + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_the_ranks_make_the_whole() {
        for (world_size, rows) in (1..=5).flat_map(|world| (0..=23).map(move |rows| (world, rows))) {
            let parts: Vec<Range<usize>> = (0..world_size).map(|rank| share_of(rows, rank, world_size)).collect();
            assert!(parts.iter().cloned().flatten().eq(0..rows), "{parts:?}");
            let lengths = || parts.iter().map(Range::len);
            assert!(lengths().max().unwrap_or(0) - lengths().min().unwrap_or(0) <= 1, "{parts:?}");
        }
        assert_eq!([0, 1, 2].map(|rank| share_of(8, rank, 3)), [0..3, 3..6, 6..8]);
    }
}
