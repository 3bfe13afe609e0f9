//! Estimation of the memory of a run from its models, rows and options.

use super::memory_estimate::MemoryEstimate;
use crate::adamw::is_half_precision;
use crate::objective::Row;
use crate::{Error, Result, RunConfig};
use align_losses::LinearLogpsOptions;
use align_models::{Parameters, TrainableModel};
use tch::{Kind, Tensor};

impl MemoryEstimate {
    /// Estimates the memory for training `policy` on `rows` with an optional `reference` model.
    #[must_use]
    pub fn of<M: TrainableModel, R: Row>(
        policy: &M,
        reference: Option<&M>,
        rows: &[R],
        config: &impl RunConfig,
    ) -> Self {
        let trained = policy.parameters();
        let sum =
            |parameters: &Parameters, of: fn(&Tensor) -> u64| parameters.iter().map(|(_, weight)| of(weight)).sum();
        let frozen = |model: &M| model.frozen_parameters().map_or(0, |frozen| sum(frozen, bytes_of));
        let weights = |model: &M| sum(model.parameters(), bytes_of) + frozen(model);
        // If the policy has an adapter, the reference model shares its base weights.
        let shared = |model: &M| if first_frozen(model) == first_frozen(policy) { frozen(model) } else { 0 };
        let largest = largest_micro_batches(rows, config).into_iter().filter_map(|shape| {
            let memory = policy.training_memory(shape.sequences, shape.length)?.with_shared_tokens(shape.computed);
            Some((memory.activations + memory.workspace, logits(shape.predicted, memory.token_logits)))
        });
        let (activations, logits) =
            largest.max_by_key(|(activations, logits)| activations + logits).unwrap_or_default();
        let training = config.training();
        let parts = if training.zero_stage > 0 { training.num_processes.max(1) as u64 } else { 1 };
        let of_process = |all: u64| all.div_ceil(parts);
        Self {
            weights: weights(policy),
            reference: reference.map_or(0, |reference| weights(reference) - shared(reference)),
            gradients: sum(trained, bytes_of),
            moments: of_process(sum(trained, |weight| {
                2 * weight.numel() as u64 * if weight.kind() == Kind::Double { 8 } else { 4 }
            })),
            master_weights: of_process(sum(trained, |w| if is_half_precision(w) { 4 * w.numel() as u64 } else { 0 })),
            activations,
            logits,
        }
    }

    /// Checks that the run fits into the bytes that are `available` after its models are loaded.
    ///
    /// # Errors
    /// A run that does not fit. The error names the options that reduce its memory.
    pub fn check(&self, available: u64, config: &impl RunConfig) -> Result<()> {
        if self.without_models() <= available {
            return Ok(());
        }
        let has_micro_batches = config.micro_batch_tokens().is_some();
        Err(Error::Memory { estimate: *self, available, has_micro_batches })
    }
}

/// The address of the first frozen weight, which identifies the base model under an adapter.
fn first_frozen(model: &impl TrainableModel) -> Option<usize> {
    model.frozen_parameters()?.iter().next().map(|(_, weight)| weight.data_ptr() as usize)
}

fn bytes_of(weight: &Tensor) -> u64 {
    (weight.numel() * weight.kind().elt_size_in_bytes()) as u64
}

/// The size of a micro-batch.
struct MicroBatchShape {
    sequences: u64,
    /// Tokens per sequence, including padding.
    length: u64,
    /// Fraction of the sequences' tokens that are computed. Tokens of shared prefixes are computed once.
    computed: f64,
    predicted: u64,
}

/// The largest micro-batch if all rows were like the longest row, and if all were like the row that shares the most tokens.
fn largest_micro_batches<R: Row>(rows: &[R], config: &impl RunConfig) -> Vec<MicroBatchShape> {
    let batch = config.training().per_device_train_batch_size.min(rows.len());
    let completions = |row: &R| row.completions().iter().map(|(_, ids)| ids.len()).sum::<usize>();
    let padded = |row: &R| (row.completions().len() * row.max_sequence_tokens()).max(1);
    let distinct = |row: &R| match config.micro_batch_tokens() {
        Some(_) => row.distinct_tokens(),
        // A batch that is not split keeps its padding.
        None => padded(row) - row.completions().len().saturating_sub(1) * row.prompt_ids().len(),
    };
    let mut predicted: Vec<usize> = rows.iter().map(completions).collect();
    predicted.sort_unstable_by(|a, b| b.cmp(a));
    let computed_fraction = |row: &R| distinct(row) as f64 / padded(row) as f64;
    let longest = rows.iter().max_by_key(|row| row.max_sequence_tokens());
    let most_shared = rows.iter().min_by(|a, b| computed_fraction(a).total_cmp(&computed_fraction(b)));
    let shape = |row: &R| {
        let shares = config.prefix_sharing().shares(distinct(row), padded(row));
        let (tokens, computed) = if shares { (distinct(row), computed_fraction(row)) } else { (padded(row), 1.0) };
        // A micro-batch has at least one row.
        let max_rows = |max_tokens: usize| (max_tokens / tokens.max(1)).max(1);
        let rows = config.micro_batch_tokens().map_or(batch, |max_tokens| batch.min(max_rows(max_tokens)));
        MicroBatchShape {
            sequences: (rows * row.completions().len()) as u64,
            length: row.max_sequence_tokens().max(1) as u64,
            computed,
            predicted: predicted.iter().take(rows).sum::<usize>() as u64,
        }
    };
    longest.into_iter().chain(most_shared).map(shape).collect()
}

/// The bytes of logits that [`align_losses::LinearLogps`] holds for `tokens` tokens.
fn logits(tokens: u64, bytes_per_token: u64) -> u64 {
    let options = LinearLogpsOptions::default();
    let chunk = tokens.min(options.chunk_rows.unsigned_abs()) * bytes_per_token;
    let all = tokens * bytes_per_token;
    chunk + if all <= options.keep_logits_bytes as u64 { all } else { chunk }
}
