use super::gradients::sums;
use crate::option_difference::difference;
use crate::{Error, Flow, Result};
use align_distributed::ProcessGroup;
use serde_json::Value;
use tch::{Device, Tensor};

/// Whether the run continues, which any process may end. If the observers of any process fail, the run fails in all of them.
pub(crate) fn agree_on_flow(group: &ProcessGroup, own: Result<Flow>) -> Result<Flow> {
    if group.is_single() {
        return own;
    }
    let own_flow = own.as_ref().copied().unwrap_or(Flow::Stop);
    group.agree_on_result(own)?;
    let all: Vec<Flow> = group.all_gather_objects(&own_flow)?;
    Ok(all.into_iter().fold(Flow::Continue, Flow::combine))
}

/// Checks that the JSON object `own`, which says what this process trains and with what, is the same in all processes.
pub(crate) fn check_same_values(group: &ProcessGroup, own: &Value) -> Result<()> {
    let all: Vec<Value> = group.all_gather_objects(own)?;
    let Some(first) = all.first() else { return Ok(()) };
    let different = all.iter().enumerate().find_map(|(rank, other)| Some((rank, difference(other, first)?)));
    different.map_or(Ok(()), |(rank, (name, expected, found))| {
        Err(Error::Disagreement(format!(
            "{name} is {expected} in rank 0 and {found} in rank {rank}: start all with the same options, files and versions"
        )))
    })
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
