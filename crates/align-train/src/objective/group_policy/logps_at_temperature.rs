use super::checks::check_temperature;
use super::micro_batch::MicroBatch;
use crate::objective::micro_batches::split_into_micro_batches;
use crate::{Error, PrefixSharing, Result};
use align_models::CausalLm;
use tch::{Device, Kind};

/// The log-probability of each token of completions under a model, in nats: one list for each row, of the length of its completion.
///
/// For the old log-probabilities of policy gradients, and for the KL divergence between two models on sampled texts. The model computes at
/// most `max_tokens` tokens at a time, padding included, or one row if that is longer. Rows with the same prompt share it if that is faster.
///
/// * `rows`: the ids of the prompt, at least one, and of the completion.
/// * `temperature`: divides the logits.
///
/// ```
/// use align_models::{Gpt2, Gpt2Config};
/// use tch::{Device, Kind};
/// let size = Gpt2Config { vocab_size: 11, n_positions: 8, n_embd: 4, n_layer: 1, n_head: 1, ..Gpt2Config::default() };
/// let config = Gpt2Config { bos_token_id: None, eos_token_id: None, ..size };
/// let model = Gpt2::new_random(config, 1, Kind::Float, Device::Cpu)?;
/// let logps = align_train::objective::completion_logps_at_temperature(&model, &[(&[1], &[2, 3]), (&[4, 5], &[6])], 1.0, 64)?;
/// assert_eq!(logps.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
/// # Ok::<(), align_train::Error>(())
/// ```
///
/// # Errors
/// A row without prompt or completion, ids outside the vocabulary, sequences that are too long, or a temperature out of range.
pub fn completion_logps_at_temperature(
    model: &dyn CausalLm,
    rows: &[(&[i64], &[i64])],
    temperature: f64,
    max_tokens: usize,
) -> Result<Vec<Vec<f32>>> {
    check_temperature(model, temperature)?;
    check_sequences(model, rows)?;
    let sharing = if model.supports_shared_tokens() { PrefixSharing::Auto } else { PrefixSharing::Off };
    let sequences: Vec<_> = rows.iter().map(|row| [*row]).collect();
    let mut all = vec![Vec::new(); rows.len()];
    for indices in split_into_micro_batches(&sequences, max_tokens, sharing) {
        let own: Vec<_> = indices.iter().filter_map(|index| rows.get(*index).copied()).collect();
        if own.is_empty() {
            continue;
        }
        let logps = MicroBatch::new(model, &own, sharing)?.logps_without_graph(model, temperature)?;
        let logps = Vec::<f32>::try_from(logps.f_to_kind(Kind::Float)?.f_to_device(Device::Cpu)?)?;
        let mut rest = logps.as_slice();
        for (index, (_, completion)) in indices.iter().zip(own) {
            let Some((first, others)) = rest.split_at_checked(completion.len()) else { break };
            rest = others;
            if let Some(row) = all.get_mut(*index) {
                *row = first.to_vec();
            }
        }
    }
    Ok(all)
}

fn check_sequences(model: &dyn CausalLm, rows: &[(&[i64], &[i64])]) -> Result<()> {
    let (vocab, max_tokens) = (model.vocab_size(), model.max_position_embeddings());
    for (index, (prompt, completion)) in rows.iter().enumerate() {
        let fail = |problem: String| Err(Error::Data(format!("row {}: {problem}", index + 1)));
        if prompt.is_empty() || completion.is_empty() {
            return fail("the prompt or the completion has no token".into());
        }
        let length = prompt.len() + completion.len();
        if length as i64 > max_tokens {
            return fail(format!("it has {length} tokens, but the model takes at most {max_tokens}"));
        }
        if let Some(id) = prompt.iter().chain(*completion).find(|id| !(0..vocab).contains(*id)) {
            return fail(format!("token id {id} is outside the model's vocabulary of {vocab}"));
        }
    }
    Ok(())
}
