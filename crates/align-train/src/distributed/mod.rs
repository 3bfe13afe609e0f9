//! Training on several processes, each of which has the whole model and computes its part of every batch.

mod agreement;
mod gradients;
mod outputs;

pub(crate) use agreement::{agree_on_flow, check_same_values, check_same_weights, share_weights};
pub(crate) use gradients::sum_gradients;
pub(crate) use outputs::{CombinedOutput, exchange_outputs, mean_loss};
