//! Properties of a model that a run records.

use crate::Result;
use align_models::{TrainableModel, tensors_digest};
use tch::Device;

/// The device of a model's weights.
pub(crate) fn device<M: TrainableModel>(model: &M) -> Device {
    model.parameters().iter().next().map_or(Device::Cpu, |(_, weight)| weight.device())
}

/// Digest of the frozen base weights of a model with an adapter; `None` without one.
pub(crate) fn frozen_digest<M: TrainableModel>(model: &M) -> Result<Option<String>> {
    Ok(model.frozen_parameters().map(|weights| tensors_digest("frozen weights", weights.iter())).transpose()?)
}
