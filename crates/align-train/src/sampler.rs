use crate::objective::Row;
use crate::{Rows, SamplingStrategy, TrainingConfig};
use align_base::random::generator;
use align_data::streaming::BlockShuffle;
use rand::RngExt;
use rand::seq::SliceRandom;
use std::ops::Range;

/// The random order of `rows` rows in an epoch. Depends only on the seed and the epoch.
#[must_use]
pub fn epoch_order(rows: usize, seed: u64, epoch: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows).collect();
    order.shuffle(&mut generator(seed, "epoch", epoch));
    order
}

/// The order of the training rows in an epoch.
#[derive(Debug)]
pub(crate) enum EpochOrder {
    /// The rows as they come.
    Sequential,
    /// A list of the rows.
    List(Vec<usize>),
    /// Streamed rows, shuffled without a list.
    Blocks(BlockShuffle),
}

impl EpochOrder {
    /// The order of an epoch, which depends only on the options and the number of the rows; for `group_by_length` also on their lengths.
    pub fn of<R: Row>(train: &Rows<R>, config: &TrainingConfig, epoch: u64) -> Self {
        let (rows, seed) = (train.len(), config.seed);
        match (config.train_sampling_strategy, train) {
            (SamplingStrategy::Sequential, _) => Self::Sequential,
            (_, Rows::Source(_)) => Self::Blocks(BlockShuffle::new(rows, seed, epoch)),
            (SamplingStrategy::Random, Rows::Memory(_)) => Self::List(epoch_order(rows, seed, epoch)),
            (SamplingStrategy::GroupByLength, Rows::Memory(rows)) => {
                let length = |row: usize| rows.get(row).map_or(0, Row::max_sequence_tokens);
                let (order, batch) = (epoch_order(rows.len(), seed, epoch), config.train_batch_size());
                Self::List(grouped_by_length(&order, length, batch, (seed, epoch)))
            }
        }
    }

    /// The rows at some positions.
    pub fn rows(&self, positions: Range<usize>) -> Vec<usize> {
        match self {
            Self::Sequential => positions.collect(),
            Self::List(rows) => rows.get(positions).unwrap_or_default().to_vec(),
            Self::Blocks(shuffle) => positions.map(|position| shuffle.row(position)).collect(),
        }
    }
}

/// Reorders rows so that each batch of `batch` rows has rows of similar length. The last batch may be smaller.
///
/// As with transformers' `group_by_length`, rows are sorted within groups of 50 batches, so that batches differ between epochs. Unlike in
/// transformers, the batches are then shuffled; otherwise each group would end with its shortest rows.
pub(crate) fn grouped_by_length(
    order: &[usize],
    length: impl Fn(usize) -> usize,
    batch: usize,
    (seed, epoch): (u64, u64),
) -> Vec<usize> {
    let mut order = order.to_vec();
    for group in order.chunks_mut(batch.saturating_mul(BATCHES_PER_GROUP)) {
        group.sort_by_key(|row| std::cmp::Reverse(length(*row)));
    }
    // A smaller batch stays last, so that it does not shift the other batches.
    let (full, rest) = order.split_at(order.len() - order.len() % batch);
    let mut batches: Vec<&[usize]> = full.chunks(batch).collect();
    batches.shuffle(&mut generator(seed, "batches", epoch));
    batches.concat().into_iter().chain(rest.iter().copied()).collect()
}

const BATCHES_PER_GROUP: usize = 50;

/// The LibTorch seed for the dropout of one process's part of a batch. Depends only on the position in the run, so that a resumed run has
/// the same.
pub(crate) fn dropout_seed(seed: u64, (step, batch, rank): (u64, u64, u64)) -> i64 {
    let per_step: u64 = generator(seed, "dropo", step).random();
    // LibTorch takes an int64; the sign has no meaning.
    (per_step ^ batch ^ (rank << 32)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_has_rows_of_similar_length() {
        let length = |row: usize| row * 37 % 101;
        let order = epoch_order(1003, 7, 2);
        let grouped = grouped_by_length(&order, length, 4, (7, 2));
        assert_eq!(grouped, grouped_by_length(&order, length, 4, (7, 2)));
        let spread = |order: &[usize]| -> usize {
            let lengths = order.chunks(4).map(|batch| batch.iter().map(|row| length(*row)).collect::<Vec<_>>());
            lengths.map(|batch| batch.iter().max().unwrap_or(&0) - batch.iter().min().unwrap_or(&0)).sum()
        };
        assert!(20 * spread(&grouped) < spread(&order), "{} of {}", spread(&grouped), spread(&order));
        let longest: Vec<usize> = grouped.chunks(4).map(|batch| length(batch[0])).collect();
        let falls = longest.windows(2).filter(|pair| pair[0] > pair[1]).count();
        assert!((90..160).contains(&falls), "batches are shuffled: {falls} of 250 are shorter than the one before");
        let mut sorted = grouped;
        sorted.sort_unstable();
        assert_eq!(sorted, (0..1003).collect::<Vec<_>>());
    }

    #[test]
    fn the_order_is_a_reproducible_permutation() {
        let order = epoch_order(100, 7, 2);
        assert_eq!(order, epoch_order(100, 7, 2));
        assert_ne!(order, epoch_order(100, 7, 3));
        assert_ne!(order, epoch_order(100, 8, 2));
        let mut sorted = order;
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
    }
}
