use std::num::NonZero;
use std::ops::Range;
use std::panic::resume_unwind;
use std::thread;

/// Scores that make a thread worth starting.
const SCORES_A_THREAD: usize = 500_000;

/// `work(row, scratch)` of every row, on as many threads as `rows × vocab` scores pay for. `scratch` is a buffer that is
/// kept from row to row.
pub(super) fn map_rows<T: Send>(rows: usize, vocab: usize, work: impl Fn(usize, &mut Vec<f32>) -> T + Sync) -> Vec<T> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = (rows * vocab / SCORES_A_THREAD).min(cores).min(rows).max(1);
    let part = rows.div_ceil(threads);
    let run = |range: Range<usize>| {
        let mut scratch = Vec::with_capacity(vocab);
        range.map(|row| work(row, &mut scratch)).collect::<Vec<T>>()
    };
    if threads == 1 {
        return run(0..rows);
    }
    let range = |t: usize| (t * part).min(rows)..((t + 1) * part).min(rows);
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
    fn rows_come_back_in_order_on_any_number_of_threads() {
        for (rows, vocab) in [(0, 10), (1, 10), (7, 10), (7, 1_000_000), (3, SCORES_A_THREAD)] {
            let expected: Vec<usize> = (0..rows).map(|r| r * r).collect();
            assert_eq!(map_rows(rows, vocab, |r, _| r * r), expected, "{rows} rows of {vocab}");
        }
    }
}
