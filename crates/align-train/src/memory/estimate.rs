//! What a run will hold, from its models, rows and options.

use super::memory_estimate::MemoryEstimate;
use crate::adamw::is_narrow;
use crate::objective::Row;
use crate::{Error, Result, RunConfig};
use align_losses::LinearLogpsOptions;
use align_models::{Parameters, TrainableModel};
use tch::{Kind, Tensor};

impl MemoryEstimate {
    /// What training `policy` on `rows` takes, beside a `reference` or none.
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
        // Under an adapter the reference is the policy's own base model with another adapter.
        let shared = |model: &M| if first_frozen(model) == first_frozen(policy) { frozen(model) } else { 0 };
        let largest = largest_passes(rows, config).into_iter().filter_map(|pass| {
            let memory = policy.training_memory(pass.sequences, pass.length)?.with_shared_tokens(pass.computed);
            Some((memory.activations + memory.workspace, logits(pass.predicted, memory.token_logits)))
        });
        let (activations, logits) =
            largest.max_by_key(|(activations, logits)| activations + logits).unwrap_or_default();
        Self {
            weights: weights(policy),
            reference: reference.map_or(0, |reference| weights(reference) - shared(reference)),
            gradients: sum(trained, bytes_of),
            moments: sum(trained, |weight| {
                2 * weight.numel() as u64 * if weight.kind() == Kind::Double { 8 } else { 4 }
            }),
            masters: sum(trained, |weight| if is_narrow(weight) { 4 * weight.numel() as u64 } else { 0 }),
            activations,
            logits,
        }
    }

    /// Whether the run fits, its models being loaded, into so many `available` bytes.
    ///
    /// # Errors
    /// Where it does not; the error says how much there is and which options lower it.
    pub fn check(&self, available: u64, config: &impl RunConfig) -> Result<()> {
        if self.beside_models() <= available {
            return Ok(());
        }
        Err(Error::Memory { estimate: *self, available, in_parts: config.micro_batch_tokens().is_some() })
    }
}

/// Where the first weight under an adapter lies.
fn first_frozen(model: &impl TrainableModel) -> Option<usize> {
    model.frozen_parameters()?.iter().next().map(|(_, weight)| weight.data_ptr() as usize)
}

fn bytes_of(weight: &Tensor) -> u64 {
    (weight.numel() * weight.kind().elt_size_in_bytes()) as u64
}

/// Rows that go through the policy at once.
struct Pass {
    sequences: u64,
    length: u64,
    /// Share of the sequences' tokens that are computed: all but those that are shared.
    computed: f64,
    predicted: u64,
}

/// The largest batch, if all rows were as the longest one, or as the one that shares most.
fn largest_passes<R: Row>(rows: &[R], config: &impl RunConfig) -> Vec<Pass> {
    let batch = config.training().per_device_train_batch_size.min(rows.len());
    let completions = |row: &R| row.completions().iter().map(|(_, ids)| ids.len()).sum::<usize>();
    let padded = |row: &R| (row.completions().len() * row.tokens()).max(1);
    let distinct = |row: &R| match config.micro_batch_tokens() {
        Some(_) => row.prompt_ids().len() + completions(row),
        // A batch that is taken whole keeps its padding.
        None => padded(row) - row.completions().len().saturating_sub(1) * row.prompt_ids().len(),
    };
    let mut predicted: Vec<usize> = rows.iter().map(completions).collect();
    predicted.sort_unstable_by(|a, b| b.cmp(a));
    let share = |row: &R| distinct(row) as f64 / padded(row) as f64;
    let longest = rows.iter().max_by_key(|row| row.tokens());
    let alike = rows.iter().min_by(|a, b| share(a).total_cmp(&share(b)));
    let pass = |row: &R| {
        let shares = config.prefix_sharing().shares(distinct(row), padded(row));
        let (tokens, computed) = if shares { (distinct(row), share(row)) } else { (padded(row), 1.0) };
        // A part holds one row at least.
        let at_once = config.micro_batch_tokens().map_or(batch, |budget| batch.min((budget / tokens.max(1)).max(1)));
        Pass {
            sequences: (at_once * row.completions().len()) as u64,
            length: row.tokens().max(1) as u64,
            computed,
            predicted: predicted.iter().take(at_once).sum::<usize>() as u64,
        }
    };
    longest.into_iter().chain(alike).map(pass).collect()
}

/// What [`align_losses::LinearLogps`] holds for `tokens` rows of logits.
fn logits(tokens: u64, bytes_of_one: u64) -> u64 {
    let options = LinearLogpsOptions::default();
    let chunk = tokens.min(options.chunk_rows.unsigned_abs()) * bytes_of_one;
    let all = tokens * bytes_of_one;
    chunk + if all <= options.keep_logits_bytes as u64 { all } else { chunk }
}
