//! Training on several processes, each of which has the whole model and computes its part of every batch.

mod agreement;
mod balance;
mod buckets;
mod gradients;
mod optimizer_shards;
mod outputs;

pub(crate) use agreement::{
    agree_on_flow, check_same_inputs, check_same_rows, check_same_values, check_same_weights, share_weights,
};
pub(crate) use balance::balanced;
pub(crate) use gradients::GradientExchange;
pub(crate) use optimizer_shards::OptimizerShards;
pub(crate) use outputs::{CombinedOutput, all_row_values, exchange_outputs, mean_loss};
