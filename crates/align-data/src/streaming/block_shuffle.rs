use super::permutation::{Permutation, mix};
use align_base::random::generator;
use rand::RngExt;

/// The order of rows in an epoch, as a function of seed, epoch and position. It takes no memory, so that it serves any number of rows.
///
/// The rows of a file are taken as a circle that begins at a random row. It is cut into blocks of 1,024 rows, which are visited in random order; the
/// rows that are left over come last. 64 visited blocks form a window, and the rows of a window are shuffled.
///
/// So a batch has rows from all over the file, while only a window of 65,536 rows is read at a time, and the system's cache of files keeps
/// it. Unlike in a full shuffle, two rows of one block stay within a window of each other. With at most one window of rows, all rows are
/// shuffled.
///
/// ```
/// use align_data::streaming::BlockShuffle;
///
/// let order = BlockShuffle::new(10_000_000, 42, 0);
/// let mut rows: Vec<usize> = (0..10_000_000).map(|position| order.row(position)).collect();
/// assert!(rows[0].abs_diff(rows[1]) > 1);
/// rows.sort_unstable();
/// assert!(rows.iter().copied().eq(0..10_000_000));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct BlockShuffle {
    rows: u64,
    block: u64,
    window: u64,
    /// The row at which the circle begins.
    start: u64,
    blocks: Permutation,
    window_key: u64,
}

impl BlockShuffle {
    /// Rows of a block.
    pub const BLOCK_ROWS: usize = 1024;
    /// Blocks whose rows are shuffled together.
    pub const WINDOW_BLOCKS: usize = 64;

    /// The order of an epoch.
    #[must_use]
    pub fn new(rows: usize, seed: u64, epoch: u64) -> Self {
        Self::with_blocks(rows, Self::BLOCK_ROWS, Self::WINDOW_BLOCKS, (seed, epoch))
    }

    fn with_blocks(rows: usize, block: usize, window_blocks: usize, (seed, epoch): (u64, u64)) -> Self {
        let (rows, block) = (rows as u64, block as u64);
        let mut draws = generator(seed, "blocks", epoch);
        let [start, blocks_key, window_key]: [u64; 3] = [draws.random(), draws.random(), draws.random()];
        let blocks = Permutation::new(rows / block, blocks_key);
        let window = block * window_blocks as u64;
        Self { rows, block, window, start: start % rows.max(1), blocks, window_key }
    }

    /// The row at a position, which must be less than the number of rows; a larger one is taken modulo that number.
    #[must_use]
    pub fn row(&self, position: usize) -> usize {
        let Some(position) = (position as u64).checked_rem(self.rows) else { return 0 };
        let window = position / self.window;
        let begin = window * self.window;
        let shuffled = Permutation::new(self.window.min(self.rows - begin), mix(self.window_key ^ mix(window)));
        let place = begin + shuffled.get(position - begin);
        let (block, within) = (place / self.block, place % self.block);
        let place = match block < self.rows / self.block {
            true => self.blocks.get(block) * self.block + within,
            // The rows that fill no block.
            false => place,
        };
        ((place + self.start) % self.rows) as usize
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use super::*;

    fn order(rows: usize, seed: u64, epoch: u64) -> Vec<usize> {
        let shuffle = BlockShuffle::with_blocks(rows, 8, 4, (seed, epoch));
        (0..rows).map(|position| shuffle.row(position)).collect()
    }

    #[test]
    fn every_row_comes_once() {
        for rows in (1..200).chain([1000, 1023, 1024, 1025]) {
            let mut sorted = order(rows, 3, 1);
            sorted.sort_unstable();
            assert_eq!(sorted, (0..rows).collect::<Vec<_>>(), "{rows}");
        }
        assert_eq!(BlockShuffle::new(0, 1, 1).row(0), 0);
    }

    #[test]
    fn the_order_depends_on_seed_and_epoch_only() {
        assert_eq!(order(1000, 3, 1), order(1000, 3, 1));
        for other in [order(1000, 3, 2), order(1000, 4, 1)] {
            let same = order(1000, 3, 1).iter().zip(&other).filter(|(a, b)| a == b).count();
            assert!(same < 20, "{same} of 1000 rows have the same position");
        }
    }

    /// A batch of 32 positions has rows of nearly all tenths of the file, and no row is followed by its neighbour more often than by chance.
    #[test]
    fn neighbours_are_spread() {
        let rows = 1_000_000;
        let shuffle = BlockShuffle::new(rows, 3, 1);
        let batch: Vec<usize> = (500_000..500_032).map(|position| shuffle.row(position)).collect();
        let mut tenths: Vec<usize> = batch.iter().map(|row| row * 10 / rows).collect();
        tenths.sort_unstable();
        tenths.dedup();
        assert!(tenths.len() >= 8, "{batch:?}");
        let order: Vec<usize> = (0..rows).map(|position| shuffle.row(position)).collect();
        let neighbours = order.windows(2).filter(|pair| pair[0].abs_diff(pair[1]) == 1).count();
        // In a window, each row has two neighbours among 65,536 rows: about 2 in 65,536 pairs.
        assert!((5..100).contains(&neighbours), "{neighbours}");
    }

    /// Rows have every position about equally often, over the epochs.
    #[test]
    fn no_row_is_preferred() {
        let (rows, epochs) = (50, 4000);
        let mut first = vec![0_u32; rows];
        let mut last = first.clone();
        for epoch in 0..epochs {
            let order = order(rows, 9, epoch);
            first[order[0]] += 1;
            last[order[rows - 1]] += 1;
        }
        for counts in [first, last] {
            // Chi-square with 49 degrees of freedom exceeds 94.6 for one in 10,000 seeds.
            let chi: f64 = counts.iter().map(|count| (f64::from(*count) - 80.0).powi(2) / 80.0).sum();
            assert!(chi < 94.6, "{chi}: {counts:?}");
        }
    }
}
