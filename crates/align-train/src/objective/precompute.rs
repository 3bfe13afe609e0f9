//! Reference log-probabilities that are computed before training: `precompute_ref_log_probs`.

use super::gather::gather_rows;
use super::logps_cache::{LogpsCache, with_positions};
use super::pair_micro_batch::PairMicroBatch;
use super::reference_logps_file::ReferenceLogpsFile;
use crate::{Error, Result};
use align_base::Progress;
use align_data::EncodedPair;
use align_distributed::ProcessGroup;
use align_models::CausalLm;
use tch::{Device, Kind, Tensor};

/// Rows of a cache file that are recomputed to verify it.
const VERIFIED_ROWS: usize = 4;
/// Allowed relative difference (absolute below 1) between stored and recomputed log-probabilities. Rounding depends on the shape of the
/// batch; in bfloat16 it causes differences of about 0.01.
const TOLERANCE: f64 = 0.05;

/// Fills `logps` with a model's log-probabilities of the rows. Reads them from `file` if it exists, and writes it otherwise.
///
/// `micro_batches` contain the index of every row once; `micro_batch` builds the micro-batch of some indices. The processes of `group` share
/// out the micro-batches, and rank 0 alone reads or writes the file. When a file is read, its first, last and two middle rows are compared with
/// recomputed values.
pub(crate) fn precompute(
    (model, group): (&dyn CausalLm, &ProcessGroup),
    logps: &mut LogpsCache,
    rows: &[EncodedPair],
    micro_batches: &[Vec<usize>],
    file: Option<&ReferenceLogpsFile>,
    micro_batch: impl Fn(&[usize]) -> Result<PairMicroBatch>,
) -> Result<()> {
    let file = file.filter(|_| group.rank() == 0);
    let mut load = || {
        let Some((file, stored)) = file.and_then(|file| Some((file, file.read().transpose()?))) else {
            return Ok(false);
        };
        let last = rows.len().saturating_sub(1);
        let mut verified: Vec<usize> = (0..VERIFIED_ROWS).map(|i| i * last / (VERIFIED_ROWS - 1)).collect();
        verified.dedup();
        load_verified(model, logps, file, &stored?, &micro_batch(&verified)?)?;
        Ok::<bool, Error>(true)
    };
    if group.result_of_rank_0(&mut load)? {
        return Ok(group.broadcast(&mut logps.values().shallow_clone(), 0)?);
    }
    // The micro-batches are sorted by length, so that this gives the processes equal work.
    let own = || micro_batches.iter().skip(group.rank()).step_by(group.world_size());
    let mut progress = Progress::begin("reference log-probs", "pairs", own().map(Vec::len).sum());
    let mut all = vec![Tensor::f_zeros([0, 2], (Kind::Double, Device::Cpu))?];
    for indices in own() {
        let micro_batch = micro_batch(indices)?;
        let computed = micro_batch.logps_without_graph(model)?;
        if let Some(index) = micro_batch.first_not_finite(&computed)? {
            let row = rows.get(index).map_or(0, |row| row.row + 1);
            return Err(Error::Data(format!(
                "row {row}: the reference model gives a log-probability that is not finite: check the model's weights"
            )));
        }
        all.push(with_positions(&micro_batch.cache_positions(logps)?, &to_cpu_float(&computed)?)?);
        progress.advance(indices.len());
    }
    logps.set_with_positions(&gather_rows(group, &Tensor::f_cat(&all, 0)?)?)?;
    file.map_or(Ok(()), |file| file.write(logps.values()))
}

/// Loads the `stored` log-probabilities if they agree with the model's for the `verified` rows.
fn load_verified(
    model: &dyn CausalLm,
    logps: &mut LogpsCache,
    file: &ReferenceLogpsFile,
    stored: &Tensor,
    verified: &PairMicroBatch,
) -> Result<()> {
    let mismatch =
        || file.error("does not contain the log-probabilities of these rows under this reference model: delete it");
    if !logps.load(stored)? {
        return Err(mismatch());
    }
    let recomputed = to_cpu_float(&verified.logps_without_graph(model)?)?;
    let loaded = logps.get(&verified.cache_positions(logps)?)?.ok_or_else(mismatch)?;
    let allowed = recomputed.f_abs()?.f_clamp_min(1.0)?.f_mul_scalar(TOLERANCE)?;
    let agree = loaded.f_sub(&recomputed)?.f_abs()?.f_le_tensor(&allowed)?.f_all()?.f_int64_value(&[])? != 0;
    if agree { Ok(()) } else { Err(mismatch()) }
}

fn to_cpu_float(logps: &Tensor) -> Result<Tensor> {
    Ok(logps.f_to_kind(Kind::Float)?.f_to_device(Device::Cpu)?)
}
