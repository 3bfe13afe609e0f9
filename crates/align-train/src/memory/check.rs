//! The check before a run.

use super::{MemoryEstimate, available_memory};
use crate::model_info::device;
use crate::{Objective, Result, Rows, RunConfig};

/// Checks that the memory of training fits in what is available now that the models are loaded.
pub(crate) fn check_memory<O: Objective>(objective: &O, train: &Rows<O::Row>) -> Result<()> {
    let (policy, config) = (objective.policy(), objective.config());
    let sample = train.sample(config.training().per_device_train_batch_size)?;
    let estimate = MemoryEstimate::of(policy, None, sample.rows(), config);
    let available = available_memory(device(policy));
    tracing::info!(bytes = estimate.without_models(), ?available, "the run needs about {estimate}");
    match available {
        Some(available) if !config.training().skip_memory_check => estimate.check(available, config),
        _ => Ok(()),
    }
}
