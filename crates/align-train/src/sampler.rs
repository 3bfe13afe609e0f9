use align_random::generator;
use rand::RngExt;
use rand::seq::SliceRandom;

/// The order in which an epoch visits `rows` rows: a function of the seed and the epoch alone.
#[must_use]
pub fn epoch_order(rows: usize, seed: u64, epoch: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows).collect();
    order.shuffle(&mut generator(seed, "epoch", epoch));
    order
}

/// LibTorch's dropout seed of one micro-batch: a function of its place in the run, so that a resumed run draws the same.
pub(crate) fn dropout_seed(seed: u64, step: u64, micro_batch: u64) -> i64 {
    let per_step: u64 = generator(seed, "dropo", step).random();
    // LibTorch takes an int64; the sign carries no meaning.
    (per_step ^ micro_batch) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_once_and_the_same_again() {
        let order = epoch_order(100, 7, 2);
        assert_eq!(order, epoch_order(100, 7, 2));
        assert_ne!(order, epoch_order(100, 7, 3));
        assert_ne!(order, epoch_order(100, 8, 2));
        let mut sorted = order;
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
    }
}
