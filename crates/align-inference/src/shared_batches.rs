//! Sharing out batches among the processes of a group.

use crate::{Error, Result};
use align_base::files::Hasher;
use align_distributed::ProcessGroup;
use align_models::{ModelIdentity, TrainableModel};
use align_torch::Environment;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tch::Device;

/// Computes all batches in rounds, in each of which every process computes one, and calls `finished` with the results of all of them in
/// order. The batches do not depend on the number of processes, so neither do the results.
pub(crate) fn for_each_batch<B, R: Serialize + DeserializeOwned>(
    group: &ProcessGroup,
    batches: &[B],
    compute: impl Fn(&B) -> Result<R>,
    mut finished: impl FnMut(&B, R),
) -> Result<()> {
    for round in batches.chunks(group.world_size()) {
        let own = round.get(group.rank()).map(&compute).transpose();
        let results = group.all_gather_results(own)?;
        round.iter().zip(results.into_iter().flatten()).for_each(|(batch, result)| finished(batch, result));
    }
    Ok(())
}

/// Checks that all processes have the same model and environment, and batches of the same size.
pub(crate) fn check_same_model<M: TrainableModel + ?Sized>(
    group: &ProcessGroup,
    model: &M,
    batch_size: usize,
) -> Result<()> {
    if group.is_single() {
        return Ok(());
    }
    let device = model.parameters().iter().next().map_or(Device::Cpu, |(_, weight)| weight.device());
    let (model, environment) = (ModelIdentity::of(model)?, Environment::current(device));
    check_same(group, &json!({ "model": model, "environment": environment, "batch_size": batch_size }))
}

/// Checks that all processes have the same rows.
pub(crate) fn check_same_rows<'a>(group: &ProcessGroup, rows: impl IntoIterator<Item = &'a [i64]>) -> Result<()> {
    match group.is_single() {
        true => Ok(()),
        false => check_same(group, &json!({ "rows": digest_of_rows(rows) })),
    }
}

fn digest_of_rows<'a>(rows: impl IntoIterator<Item = &'a [i64]>) -> String {
    let mut hasher = Hasher::new("rows of token ids");
    for ids in rows {
        hasher.part(&ids.iter().flat_map(|id| id.to_le_bytes()).collect::<Vec<u8>>());
    }
    hasher.digest()
}

/// Checks that `own`, which says what the processes work on and with what, is the same in all of them.
pub(crate) fn check_same(group: &ProcessGroup, own: &Value) -> Result<()> {
    if group.is_single() {
        return Ok(());
    }
    let all: Vec<Value> = group.all_gather_objects(own)?;
    let Some(first) = all.first().and_then(Value::as_object) else { return Ok(()) };
    for (rank, other) in all.iter().enumerate() {
        if let Some((name, _)) = first.iter().find(|(name, value)| other.get(name) != Some(value)) {
            return Err(Error::Disagreement(format!(
                "{name} is not the same in rank 0 and rank {rank}: start all with the same options, files and versions"
            )));
        }
    }
    Ok(())
}
