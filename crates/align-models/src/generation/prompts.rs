use super::generate::{Written, check_prompts, continue_keyed, max_length};
use super::memory::check_batch;
use super::prompt_batches::{PromptBatches, automatic_size};
use super::token_ids::eos_ids;
use super::{Generation, GenerationError};
use crate::{CausalLm, Result};
use std::collections::BTreeMap;
use std::slice::from_ref;

/// What a model wrote behind a prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// The prompt's place in the input.
    pub prompt: usize,
    /// The new tokens, without the EOS that ended them.
    pub ids: Vec<i64>,
    /// Whether an EOS or a stopping criterion ended the text, rather than the length limit.
    pub finished: bool,
    /// With beams: log-probability over new tokens to the power of `length_penalty`, the EOS included.
    pub score: Option<f64>,
    /// With `output_scores`: log-probability of each new token, the EOS that ended them included, under the processed scores that
    /// it was chosen by. Greedy search and sampling normalise these; with beams they are what a beam's score is the sum of.
    /// transformers gives the same by `compute_transition_scores`, with `normalize_logits` where there are no beams.
    pub token_logps: Option<Vec<f64>>,
}

/// Continues prompts of any lengths, `batch_size` at a time, and returns `num_return_sequences` completions a prompt in
/// the input's order. [`PromptGenerator`] hands the same completions over batch by batch.
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
    let mut all = Vec::with_capacity(prompts.len());
    for batch in PromptGenerator::new(model, prompts, generation, Some(batch_size))? {
        all.extend(batch?);
    }
    // Stable: a prompt's completions stay in their order.
    all.sort_by_key(|completion: &Completion| completion.prompt);
    Ok(all)
}

/// Completions of prompts, a batch at a time, for jobs whose results are kept as they come.
///
/// A batch is the completions of some prompts, `num_return_sequences` of each side by side, prompts in any order. Each is
/// the one that [`generate_prompts`] gives, so a job that was interrupted goes on with the places that are
/// [left](Self::only). After an error there are no more batches.
///
/// ```no_run
/// # use align_models::{Gpt2, generation::{Generation, PromptGenerator}};
/// # fn resume(model: &Gpt2, prompts: &[Vec<i64>], generation: &Generation, done: &[bool]) -> align_models::Result<()> {
/// for batch in PromptGenerator::new(model, prompts, generation, None)?.only(|place| !done[place]) {
///     for completion in batch? {
///         println!("{}: {:?}", completion.prompt, completion.ids);
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct PromptGenerator<'a, M: ?Sized> {
    model: &'a M,
    prompts: &'a [Vec<i64>],
    generation: &'a Generation,
    /// What [`CausalLm::packed`] answered, once it was asked.
    packed: Option<Option<Box<dyn CausalLm>>>,
    batches: PromptBatches,
    /// Whether the completions of each prompt are asked for.
    wanted: Vec<bool>,
    left: usize,
    failed: bool,
}

impl<'a, M: CausalLm + ?Sized> PromptGenerator<'a, M> {
    /// A generator of all prompts, `batch_size` at a time. `None` makes batches that keep the processor busy and no larger:
    /// 160 rows (`num_beams` or `num_return_sequences` a prompt, whichever is more), fewer where texts are longer than 200
    /// tokens, at least one prompt.
    ///
    /// # Errors
    /// A batch size of 0, and any prompt that cannot be continued: nothing is found out after hours.
    pub fn new(
        model: &'a M,
        prompts: &'a [Vec<i64>],
        generation: &'a Generation,
        batch_size: Option<usize>,
    ) -> Result<Self> {
        if batch_size == Some(0) {
            let (option, found) = ("batch_size", "0".into());
            return Err(GenerationError::Value { option, found, expected: "a number of at least 1" }.into());
        }
        eos_ids(model, generation)?;
        let mut lengths = BTreeMap::new();
        for (place, prompt) in prompts.iter().enumerate() {
            let prompt = started(model, generation, place, prompt)?;
            check_prompts(model, from_ref(&prompt), None, &[place as u64])?;
            let limit = max_length(model, generation.config(), prompt.len(), 0)?;
            lengths.entry(prompt.len()).or_insert((limit, 0)).1 += 1;
        }
        for (length, (limit, count)) in lengths {
            // Batches that are as large as suits the processor never hold more than one prompt where that is large.
            let at_once = batch_size.map_or(1, |size| size.min(count));
            check_batch(model, generation, at_once, length, limit)?;
        }
        let size = |length| match batch_size {
            Some(size) => size,
            None => automatic_size(
                generation.config(),
                max_length(model, generation.config(), length, 0).unwrap_or(usize::MAX),
            ),
        };
        // An empty prompt has the length of the BOS that it gets.
        let batches = PromptBatches::new(prompts.iter().map(|prompt| prompt.len().max(1)), size);
        let (wanted, left) = (vec![true; prompts.len()], prompts.len());
        let packed = None;
        Ok(Self { model, prompts, generation, packed, batches, wanted, left, failed: false })
    }

    /// Leaves the prompts out whose places are not `wanted`, such as those that an earlier run has done.
    ///
    /// The batches stay as they are: one that holds a wanted prompt is continued whole. So what is left of a job is
    /// computed as it would have been without an interruption, to the last bit, and what an interrupted batch had done is
    /// done again.
    #[must_use]
    pub fn only(mut self, wanted: impl Fn(usize) -> bool) -> Self {
        self.wanted.iter_mut().enumerate().for_each(|(place, all)| *all &= wanted(place));
        self.left = self.wanted.iter().filter(|wanted| **wanted).count();
        self
    }

    /// Prompts whose completions are still to come.
    #[must_use]
    pub fn left(&self) -> usize {
        self.left
    }

    fn wants(&self, place: usize) -> bool {
        self.wanted.get(place).is_some_and(|wanted| *wanted)
    }

    fn continued(&mut self, places: &[usize]) -> Result<Vec<Completion>> {
        if self.packed.is_none() {
            self.packed = Some(self.model.packed()?);
        }
        let prompt = |place: usize| self.prompts.get(place).map_or(&[][..], Vec::as_slice);
        let batch = places
            .iter()
            .map(|&place| started(self.model, self.generation, place, prompt(place)))
            .collect::<Result<Vec<_>>>()?;
        let keys: Vec<u64> = places.iter().map(|&place| place as u64).collect();
        let texts = match self.packed.as_ref().and_then(Option::as_deref) {
            Some(packed) => continue_keyed(packed, &batch, None, self.generation, &keys)?,
            None => continue_keyed(self.model, &batch, None, self.generation, &keys)?,
        };
        let each = self.generation.config().num_return_sequences;
        let of = places.iter().flat_map(|&place| std::iter::repeat_n(place, each));
        let length = batch.first().map_or(0, Vec::len);
        let completions = of
            .zip(texts)
            .filter(|(place, _)| self.wants(*place))
            .map(|(place, text)| completion(self.model, self.generation, place, text, length));
        Ok(completions.collect())
    }
}

impl<M: CausalLm + ?Sized> Iterator for PromptGenerator<'_, M> {
    type Item = Result<Vec<Completion>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let places = loop {
            let places = self.batches.next()?;
            if places.iter().any(|&place| self.wants(place)) {
                break places;
            }
        };
        let completions = self.continued(&places);
        self.failed = completions.is_err();
        self.left -= places.iter().filter(|&&place| self.wants(place)).count();
        tracing::info!(left = self.left, prompts = self.prompts.len(), "generated");
        Some(completions)
    }
}

/// A prompt that has a token to go on from.
pub(super) fn started<M: CausalLm + ?Sized>(
    model: &M,
    generation: &Generation,
    place: usize,
    prompt: &[i64],
) -> Result<Vec<i64>> {
    match (prompt, generation.config().bos_token_id.or(model.bos_token_id())) {
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
    text: Written,
    prompt_length: usize,
) -> Completion {
    let own = generation.config().eos_token_id.as_ref();
    let ends = |id: &i64| own.map_or_else(|| model.eos_token_ids().contains(id), |eos| eos.contains(id));
    let new = text.ids.get(prompt_length..).unwrap_or_default();
    let ids: Vec<i64> = new.iter().copied().take_while(|id| !ends(id)).collect();
    let finished = ids.len() < new.len() || generation.stopping().stops(&text.ids, prompt_length);
    Completion { prompt, finished, ids, score: text.score, token_logps: text.token_logps }
}
