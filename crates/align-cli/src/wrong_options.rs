//! Which errors of the libraries are about options: the program then ends with the exit code for invalid options.

use crate::Failure;
use align_models::generation::GenerationError;

/// Whether an option with a wrong value, or one that contradicts others, is the cause of an error.
pub fn is_cause(failure: &Failure) -> bool {
    failure.downcast_ref().is_some_and(train)
        || failure.downcast_ref().is_some_and(model)
        || failure.downcast_ref().is_some_and(generation)
        || failure.downcast_ref().is_some_and(loss)
        || failure.downcast_ref().is_some_and(data)
        || failure.downcast_ref().is_some_and(inference)
        || failure.downcast_ref().is_some_and(metrics)
        || failure.downcast_ref().is_some_and(frontier)
}

fn train(error: &align_train::Error) -> bool {
    use align_train::Error::{Batch, Config, Loss, Model};
    match error {
        Config { .. } => true,
        Loss(error) => loss(error),
        Model(error) => model(error),
        Batch(error) => data(error),
        _ => false,
    }
}

fn model(error: &align_models::Error) -> bool {
    match error {
        align_models::Error::LoraOption { .. } => true,
        align_models::Error::Generation(error) => generation(error),
        _ => false,
    }
}

fn generation(error: &GenerationError) -> bool {
    matches!(error, GenerationError::Value { .. } | GenerationError::Conflict { .. })
}

fn loss(error: &align_losses::Error) -> bool {
    use align_losses::Error::{
        DifferentBetas, Hyperparameter, IgnoredOption, PairWeightsNotSupported, SoftLabelsWithSmoothing,
    };
    matches!(
        error,
        Hyperparameter { .. }
            | IgnoredOption { .. }
            | PairWeightsNotSupported(_)
            | DifferentBetas { .. }
            | SoftLabelsWithSmoothing(_)
    )
}

fn data(error: &align_data::Error) -> bool {
    matches!(error, align_data::Error::Option { .. })
}

fn inference(error: &align_inference::Error) -> bool {
    match error {
        align_inference::Error::Data(error) => data(error),
        align_inference::Error::Model(error) => model(error),
        _ => false,
    }
}

fn metrics(error: &align_metrics::Error) -> bool {
    matches!(error, align_metrics::Error::Option { .. })
}

fn frontier(error: &align_frontier::Error) -> bool {
    use align_frontier::Error::{Data, Inference, Metrics, Model, Option, Train};
    match error {
        Option { .. } => true,
        Data(error) => data(error),
        Inference(error) => inference(error),
        Metrics(error) => metrics(error),
        Model(error) => model(error),
        Train(error) => train(error),
        _ => false,
    }
}
