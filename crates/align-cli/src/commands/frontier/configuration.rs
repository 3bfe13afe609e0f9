//! The options of a sweep for its report.

use align_frontier::SamplingOptions;
use align_metrics::Bootstrap;
use align_report::{Configuration, Entry};
use align_train::TrainingConfig;
use std::time::Instant;

/// The options of training.
pub fn training_entries(pairs: usize, texts: &SamplingOptions, training: &TrainingConfig) -> Vec<Entry> {
    vec![
        Entry::new("learning_rate", training.learning_rate.to_string()),
        Entry::new("num_train_epochs", training.num_train_epochs.unwrap_or_default().to_string()),
        Entry::new("per_device_train_batch_size", training.per_device_train_batch_size.to_string()),
        Entry::new("pairs per prompt", pairs.to_string()),
        Entry::new("texts per prompt to make pairs from", texts.texts_per_prompt.to_string()),
        Entry::new("seed", training.seed.to_string()),
    ]
}

/// The options of the evaluation.
pub fn evaluation_configuration(
    prompts: &[String],
    held_out: &[usize],
    texts: &SamplingOptions,
    bootstrap: &Bootstrap,
) -> Configuration {
    let entries = vec![
        Entry::new("prompts", prompts.len().to_string()),
        Entry::new("held-out prompts", held_out.len().to_string()),
        Entry::new("texts per prompt", texts.texts_per_prompt.to_string()),
        Entry::new("sampling", "temperature 1, full distribution"),
        Entry::new("max_new_tokens", texts.max_new_tokens.to_string()),
        Entry::new("seed", texts.seed.to_string()),
        Entry::new("bootstrap resamples", bootstrap.resamples.to_string()),
    ];
    Configuration { title: "Evaluation".to_owned(), entries }
}

/// Versions, and the duration of this process.
pub fn versions(started: Instant) -> Vec<Entry> {
    let seconds = Entry::new("seconds of the last process", started.elapsed().as_secs().to_string());
    [align_train::report::versions(), vec![seconds]].concat()
}
