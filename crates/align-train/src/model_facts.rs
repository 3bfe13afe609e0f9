//! What a run records of its models.

use crate::Result;
use align_models::{TrainableModel, tensors_digest};
use tch::Device;

/// Where a model computes.
pub(crate) fn device<M: TrainableModel>(model: &M) -> Device {
    model.parameters().iter().next().map_or(Device::Cpu, |(_, weight)| weight.device())
}

/// Digest of the weights that stand still under a model's adapter, if it has one.
pub(crate) fn frozen_digest<M: TrainableModel>(model: &M) -> Result<Option<String>> {
    Ok(model.frozen_parameters().map(|weights| tensors_digest("frozen weights", weights.iter())).transpose()?)
}
