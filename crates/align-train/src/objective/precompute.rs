//! The reference's log-probabilities before the first step: `precompute_ref_log_probs`.

use super::reference_cache::ReferenceCache;
use super::remembered_logps::RememberedLogps;
use crate::{Error, Result};
use align_data::EncodedPair;
use tch::Tensor;

/// Rows that are computed again when a file is read.
const CHECKED: usize = 4;
/// By how much log-probabilities of one model may differ, relative to their size or to 1: batches of other shapes round otherwise,
/// in bfloat16 by about a hundredth.
const TOLERANCE: f32 = 0.05;

/// Fills `remembered` with what `compute` says of rows by their places, out of the `cache` where that has them.
///
/// `parts` holds every row's place once. A file's first, last and two middle rows are compared with what the model says now.
pub(crate) fn precompute(
    remembered: &mut RememberedLogps,
    rows: &[EncodedPair],
    parts: &[Vec<usize>],
    cache: Option<&ReferenceCache>,
    compute: impl Fn(&[usize]) -> Result<Vec<Vec<f32>>>,
) -> Result<()> {
    if let Some(cache) = cache
        && let Some(found) = cache.read()?
    {
        return take(remembered, rows.len(), cache, &found, compute);
    }
    let mut done = 0;
    for part in parts {
        for (place, logps) in part.iter().zip(compute(part)?) {
            if !logps.iter().all(|logp| logp.is_finite()) {
                let row = rows.get(*place).map_or(0, |row| row.row + 1);
                return Err(Error::Data(format!("row {row}: the reference gives a token no finite log-probability")));
            }
            remembered.set(*place, &logps);
        }
        done += part.len();
        tracing::debug!(done, rows = rows.len(), "reference log-probabilities");
    }
    cache.map_or(Ok(()), |cache| cache.write(&remembered.to_tensor()?))
}

fn take(
    remembered: &mut RememberedLogps,
    rows: usize,
    cache: &ReferenceCache,
    found: &Tensor,
    compute: impl Fn(&[usize]) -> Result<Vec<Vec<f32>>>,
) -> Result<()> {
    let unfit = || cache.fail("does not hold this reference's log-probabilities of these rows: delete it");
    if !remembered.load(found)? {
        return Err(unfit());
    }
    let last = rows.saturating_sub(1);
    let mut places: Vec<usize> = (0..CHECKED).map(|i| i * last / (CHECKED - 1)).collect();
    places.dedup();
    for (place, now) in places.iter().zip(compute(&places)?) {
        let kept = remembered.row(*place).ok_or_else(unfit)?;
        let near = |(kept, now): (&f32, &f32)| (kept - now).abs() <= TOLERANCE * now.abs().max(1.0);
        if kept.len() != now.len() || !kept.iter().zip(&now).all(near) {
            return Err(unfit());
        }
    }
    Ok(())
}
