//! The reference's log-probabilities before the first step: `precompute_ref_log_probs`.

use super::pair_micro_batch::PairMicroBatch;
use super::reference_cache::ReferenceCache;
use super::remembered_logps::RememberedLogps;
use crate::{Error, Result};
use align_data::EncodedPair;
use align_models::CausalLm;
use tch::{Device, Kind, Tensor};

/// Rows that are computed again when a file is read.
const CHECKED: usize = 4;
/// By how much log-probabilities of one model may differ, relative to their size or to 1: batches of other shapes round otherwise,
/// in bfloat16 by about a hundredth.
const TOLERANCE: f64 = 0.05;

/// Fills `remembered` with a model's log-probabilities of the rows, out of the `cache` where that has them.
///
/// `micro_batches` hold every row's place once; `micro_batch` makes one of them. A file's first, last and two middle rows are compared
/// with what the model gives now.
pub(crate) fn precompute(
    model: &dyn CausalLm,
    remembered: &mut RememberedLogps,
    rows: &[EncodedPair],
    micro_batches: &[Vec<usize>],
    cache: Option<&ReferenceCache>,
    micro_batch: impl Fn(&[usize]) -> Result<PairMicroBatch>,
) -> Result<()> {
    if let Some(cache) = cache
        && let Some(found) = cache.read()?
    {
        let last = rows.len().saturating_sub(1);
        let mut checked: Vec<usize> = (0..CHECKED).map(|i| i * last / (CHECKED - 1)).collect();
        checked.dedup();
        return load(model, remembered, cache, &found, &micro_batch(&checked)?);
    }
    let mut done = 0;
    for places in micro_batches {
        let micro_batch = micro_batch(places)?;
        let logps = micro_batch.frozen_logps(model)?;
        if let Some(place) = micro_batch.first_not_finite(&logps)? {
            let row = rows.get(place).map_or(0, |row| row.row + 1);
            return Err(Error::Data(format!("row {row}: the reference gives a token no finite log-probability")));
        }
        remembered.set(&micro_batch.places(remembered)?, &in_main_memory(&logps)?)?;
        done += places.len();
        tracing::debug!(done, rows = rows.len(), "reference log-probabilities");
    }
    cache.map_or(Ok(()), |cache| cache.write(remembered.values()))
}

/// Takes what a file holds, unless it differs from what the model gives for the `checked` rows.
fn load(
    model: &dyn CausalLm,
    remembered: &mut RememberedLogps,
    cache: &ReferenceCache,
    found: &Tensor,
    checked: &PairMicroBatch,
) -> Result<()> {
    let unfit = || cache.fail("does not hold this reference's log-probabilities of these rows: delete it");
    if !remembered.load(found)? {
        return Err(unfit());
    }
    let now = in_main_memory(&checked.frozen_logps(model)?)?;
    let kept = remembered.get(&checked.places(remembered)?)?.ok_or_else(unfit)?;
    let allowed = now.f_abs()?.f_clamp_min(1.0)?.f_mul_scalar(TOLERANCE)?;
    let near = kept.f_sub(&now)?.f_abs()?.f_le_tensor(&allowed)?.f_all()?.f_int64_value(&[])? != 0;
    if near { Ok(()) } else { Err(unfit()) }
}

fn in_main_memory(logps: &Tensor) -> Result<Tensor> {
    Ok(logps.f_to_kind(Kind::Float)?.f_to_device(Device::Cpu)?)
}
