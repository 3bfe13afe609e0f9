use std::num::NonZero;
use std::ops::Range;
use std::panic::resume_unwind;
use std::thread;

/// Number of scores for which another thread pays off.
const SCORES_PER_THREAD: usize = 500_000;

/// Computes `work(row, scratch)` for every row, on a number of threads that depends on the `rows × vocab` scores. `scratch` is a buffer
/// that is reused between rows.
pub(super) fn parallel_map_rows<T: Send>(
    rows: usize,
    vocab: usize,
    work: impl Fn(usize, &mut Vec<f32>) -> T + Sync,
) -> Vec<T> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = (rows * vocab / SCORES_PER_THREAD).min(cores).min(rows).max(1);
    let rows_per_thread = rows.div_ceil(threads);
    let run = |range: Range<usize>| {
        let mut scratch = Vec::with_capacity(vocab);
        range.map(|row| work(row, &mut scratch)).collect::<Vec<T>>()
    };
    if threads == 1 {
        return run(0..rows);
    }
    let range = |t: usize| (t * rows_per_thread).min(rows)..((t + 1) * rows_per_thread).min(rows);
    thread::scope(|scope| {
        let run = &run;
        let others: Vec<_> = (1..threads).map(|t| scope.spawn(move || run(range(t)))).collect();
        let mut results = run(range(0));
        for other in others {
            results.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        results
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_row_order_on_any_number_of_threads() {
        for (rows, vocab) in [(0, 10), (1, 10), (7, 10), (7, 1_000_000), (3, SCORES_PER_THREAD)] {
            let expected: Vec<usize> = (0..rows).map(|r| r * r).collect();
            assert_eq!(parallel_map_rows(rows, vocab, |r, _| r * r), expected, "{rows} rows of {vocab}");
        }
    }
}
