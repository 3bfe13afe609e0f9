use super::generate::continue_keyed;
use super::{Generation, GenerationError};
use crate::{CausalLm, Result};
use std::collections::BTreeMap;

/// What a model wrote behind a prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// The prompt's place in the input.
    pub prompt: usize,
    /// The new tokens, without the EOS that ended them.
    pub ids: Vec<i64>,
    /// Whether an EOS ended the text, rather than the length limit.
    pub finished: bool,
    /// With beams: log-probability over new tokens to the power of `length_penalty`, the EOS included.
    pub score: Option<f64>,
}

/// Continues prompts of any lengths, `batch_size` at a time, and returns `num_return_sequences` completions a prompt in
/// the input's order.
///
/// Prompts of equal length share a batch, so nothing is padded. A completion depends on the seed, the prompt and its
/// place in the input, not on the batch size: to continue a prompt several times, pass it several times. An empty prompt
/// starts with the model's BOS.
///
/// # Errors
/// As [`generate`](super::generate), naming the prompt's place; a batch size of 0; an empty prompt where the model has no
/// BOS.
pub fn generate_prompts<M: CausalLm + ?Sized>(
    model: &M,
    prompts: &[Vec<i64>],
    generation: &Generation,
    batch_size: usize,
) -> Result<Vec<Completion>> {
    if batch_size == 0 {
        let (option, found) = ("batch_size", "0".into());
        return Err(GenerationError::Value { option, found, expected: "a number of at least 1" }.into());
    }
    let each = generation.config().num_return_sequences;
    let mut completions: Vec<Vec<Completion>> = vec![Vec::new(); prompts.len()];
    let mut done = 0;
    for places in by_length(prompts).values().flat_map(|places| places.chunks(batch_size)) {
        let batch = places.iter().map(|&place| started(model, place, &prompts[place])).collect::<Result<Vec<_>>>()?;
        let keys: Vec<u64> = places.iter().map(|&place| place as u64).collect();
        let texts = continue_keyed(model, &batch, None, generation, &keys)?;
        let prompt_length = batch.first().map_or(0, Vec::len);
        for (i, text) in texts.into_iter().enumerate() {
            let place = places[i / each];
            completions[place].push(completion(model, generation, place, &text.ids[prompt_length..], text.score));
        }
        done += places.len();
        tracing::info!(done, prompts = prompts.len(), "generated");
    }
    Ok(completions.into_iter().flatten().collect())
}

/// Places of the prompts under their lengths in tokens; an empty prompt has the length of the BOS that it gets.
fn by_length(prompts: &[Vec<i64>]) -> BTreeMap<usize, Vec<usize>> {
    let mut places: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (place, prompt) in prompts.iter().enumerate() {
        places.entry(prompt.len().max(1)).or_default().push(place);
    }
    places
}

fn started<M: CausalLm + ?Sized>(model: &M, place: usize, prompt: &[i64]) -> Result<Vec<i64>> {
    match (prompt, model.bos_token_id()) {
        ([], Some(bos)) => Ok(vec![bos]),
        ([], None) => {
            let why = format!("prompt {place} is empty and the model has no BOS to start it: give it a token");
            Err(GenerationError::Prompt(why).into())
        }
        (ids, _) => Ok(ids.to_vec()),
    }
}

fn completion<M: CausalLm + ?Sized>(
    model: &M,
    generation: &Generation,
    prompt: usize,
    new: &[i64],
    score: Option<f64>,
) -> Completion {
    let own = generation.config().eos_token_id.as_ref();
    let ends = |id: &i64| own.map_or_else(|| model.eos_token_id() == Some(*id), |eos| eos.contains(id));
    let end = new.iter().position(ends);
    Completion { prompt, ids: new[..end.unwrap_or(new.len())].to_vec(), finished: end.is_some(), score }
}
