use crate::option_difference::difference;
use crate::{Error, Flow, Result};
use align_distributed::ProcessGroup;
use serde::Serialize;
use serde_json::{Value, json};
use tch::{Device, Kind, Tensor};

/// Options that may differ between processes: paths, which may depend on the machine.
const MAY_DIFFER: [&str; 1] = ["ref_log_probs_dir"];

/// Whether the run continues, which any process may end. If the observers of any process fail, the run fails in all of them.
pub(crate) fn agree_on_flow(group: &ProcessGroup, own: Result<Flow>) -> Result<Flow> {
    Ok(group.all_gather_results(own)?.into_iter().fold(Flow::Continue, Flow::combine))
}

/// Checks that the JSON object `own`, which says what this process trains and with what, is the same in all processes.
pub(crate) fn check_same_values(group: &ProcessGroup, own: &Value) -> Result<()> {
    let all: Vec<Value> = group.all_gather_objects(own)?;
    let Some(first) = all.first() else { return Ok(()) };
    let different = all.iter().enumerate().find_map(|(rank, other)| {
        let reversed = || difference(first, other, &MAY_DIFFER).map(|(name, found, expected)| (name, expected, found));
        Some((rank, difference(other, first, &MAY_DIFFER).or_else(reversed)?))
    });
    different.map_or(Ok(()), |(rank, (name, expected, found))| {
        Err(Error::Disagreement(format!(
            "{name} is {expected} in rank 0 and {found} in rank {rank}: start all with the same options, files and versions"
        )))
    })
}

/// Checks that all processes have the same version and options, the same inputs, which `identity` describes, and the same weights.
pub(crate) fn check_same_inputs<'a>(
    group: &ProcessGroup,
    config: &impl Serialize,
    identity: &impl Serialize,
    weights: impl Iterator<Item = (&'a str, &'a Tensor)>,
) -> Result<()> {
    let fail = |e: serde_json::Error| Error::Data(format!("the options cannot be compared: {e}"));
    let (config, mut input) =
        (serde_json::to_value(config).map_err(fail)?, serde_json::to_value(identity).map_err(fail)?);
    // Another reference model often means another policy, whose weights have names.
    let reference = input.as_object_mut().and_then(|input| input.remove("reference"));
    check_same_values(group, &json!({ "version": env!("CARGO_PKG_VERSION"), "option": config, "input": input }))?;
    check_same_weights(group, weights)?;
    check_same_values(group, &json!({ "reference model": reference }))
}

/// Checks that the rows with this name are the same in all processes.
pub(crate) fn check_same_rows(
    group: &ProcessGroup,
    name: &str,
    rows: usize,
    rows_digest: impl FnOnce() -> String,
) -> Result<()> {
    if group.is_single() {
        return Ok(());
    }
    // The first difference in the order of the names is reported.
    let (count, digest) = (format!("count of {name}"), format!("digest of {name}"));
    check_same_values(group, &json!({ count: rows, digest: rows_digest() }))
}

/// Gives all processes the weights of rank 0.
pub(crate) fn share_weights<'a>(group: &ProcessGroup, weights: impl Iterator<Item = &'a Tensor>) -> Result<()> {
    if group.is_single() {
        return Ok(());
    }
    tch::no_grad(|| {
        for weight in weights {
            let mut values = weight.f_detach()?.f_to_device(Device::Cpu)?;
            group.broadcast(&mut values, 0)?;
            weight.f_detach()?.f_copy_(&values)?;
        }
        Ok(())
    })
}

/// Checks that the weights are the same in all processes.
pub(crate) fn check_same_weights<'a>(
    group: &ProcessGroup,
    weights: impl Iterator<Item = (&'a str, &'a Tensor)>,
) -> Result<()> {
    if group.is_single() {
        return Ok(());
    }
    let (names, weights): (Vec<&str>, Vec<&Tensor>) = weights.unzip();
    let own = sums(weights.into_iter())?;
    let all = group.all_gather(&own)?;
    let Some(first) = all.first() else { return Ok(()) };
    for (rank, other) in all.iter().enumerate() {
        // NaN is never equal, but then the loss is not finite either.
        let differs = Vec::<bool>::try_from(other.f_ne_tensor(first)?)?;
        if let Some((name, _)) = names.iter().zip(differs).find(|(_, differs)| *differs) {
            return Err(Error::Disagreement(format!(
                "the weight {name} is another one in rank {rank} than in rank 0: start all with the same model, on processors of the same kind"
            )));
        }
    }
    Ok(())
}

/// Sums of the values of tensors, one for each tensor, `(n)`, float64 in main memory. Equal tensors have equal sums.
fn sums<'a>(tensors: impl Iterator<Item = &'a Tensor>) -> Result<Tensor> {
    let sums = tensors.map(|tensor| tensor.f_detach()?.f_sum(Kind::Double)?.f_to_device(Device::Cpu));
    Ok(Tensor::f_stack(&sums.collect::<std::result::Result<Vec<_>, _>>()?, 0)?)
}
