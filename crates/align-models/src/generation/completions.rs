use super::generate::{GeneratedSequence, check_prompts, generate_batch, max_length};
use super::memory::check_batch;
use super::prompt_batches::{PromptBatches, default_batch_size};
use super::token_ids::eos_ids;
use super::{Generation, GenerationError};
use crate::{CausalLm, Result};
use std::collections::BTreeMap;
use std::slice::from_ref;

/// A generated completion of a prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// The index of the prompt in the input.
    pub prompt: usize,
    /// The new tokens, without a final EOS.
    pub ids: Vec<i64>,
    /// The final EOS; `None` if a length limit or a stopping criterion ended the text.
    pub eos: Option<i64>,
    /// Whether an EOS or a stopping criterion ended the text, rather than the length limit.
    pub finished: bool,
    /// With beam search: the log-probability divided by the number of new tokens to the power of `length_penalty`, including the EOS.
    pub score: Option<f64>,
    /// With `output_scores`: the log-probability of each new token, including a final EOS, under the processed scores. Greedy search and
    /// sampling normalise the scores; in beam search they sum to the score of the beam. Equal to `compute_transition_scores` in
    /// transformers, with `normalize_logits` unless beam search is used.
    pub token_logps: Option<Vec<f64>>,
}

impl Completion {
    /// The new tokens with the final EOS, for decoding. An EOS that is ordinary text, such as a full stop, belongs to the text; the
    /// tokeniser skips an EOS that is a special token.
    #[must_use]
    pub fn ids_with_eos(&self) -> Vec<i64> {
        self.ids.iter().copied().chain(self.eos).collect()
    }
}

/// Generates `num_return_sequences` completions for each prompt, in the order of the prompts, which may have different lengths.
/// [`CompletionGenerator`] returns the same completions batch by batch.
///
/// There is no padding. A completion depends on the seed, the prompt and its index, not on the batch. Where this needs prompts of equal length in
/// a batch (in beam search, on a GPU, and with dynamic rotary embeddings), only such prompts share one. An empty prompt is replaced by the
/// model's BOS.
///
/// # Errors
/// The errors of [`generate`](super::generate), with the index of the prompt; a batch size of 0; an empty prompt if the model has no
/// BOS.
pub fn generate_completions<M: CausalLm + ?Sized>(
    model: &M,
    prompts: &[Vec<i64>],
    generation: &Generation,
    batch_size: usize,
) -> Result<Vec<Completion>> {
    let mut all = Vec::with_capacity(prompts.len());
    for batch in CompletionGenerator::new(model, prompts, generation, Some(batch_size))? {
        all.extend(batch?);
    }
    // The sort is stable, so the completions of a prompt keep their order.
    all.sort_by_key(|completion: &Completion| completion.prompt);
    Ok(all)
}

/// Generates completions batch by batch, for jobs that save results as they are generated.
///
/// A batch holds the completions of some prompts, grouped by prompt; the prompts are in no particular order. The completions are those
/// of [`generate_completions`], so an interrupted job can resume with the [remaining](Self::only) prompts. The iterator ends after an error.
///
/// ```no_run
/// # use align_models::{Gpt2, generation::{Generation, CompletionGenerator}};
/// # fn resume(model: &Gpt2, prompts: &[Vec<i64>], generation: &Generation, done: &[bool]) -> align_models::Result<()> {
/// for batch in CompletionGenerator::new(model, prompts, generation, None)?.only(|index| !done[index]) {
///     for completion in batch? {
///         println!("{}: {:?}", completion.prompt, completion.ids);
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct CompletionGenerator<'a, M: ?Sized> {
    model: &'a M,
    prompts: &'a [Vec<i64>],
    generation: &'a Generation,
    /// The result of [`CausalLm::packed`], after its first use.
    packed: Option<Option<Box<dyn CausalLm>>>,
    batches: PromptBatches,
    /// For each prompt, whether its completions are returned.
    wanted: Vec<bool>,
    remaining: usize,
    /// This process's number and the number of processes that share out the batches.
    process: (usize, usize),
    /// The number of batches with wanted prompts that were passed, in this or another process.
    passed: usize,
    failed: bool,
}

impl<'a, M: CausalLm + ?Sized> CompletionGenerator<'a, M> {
    /// Creates a generator for all prompts. If `batch_size` is `None`, batches have 160 rows, where each prompt counts `num_beams` or
    /// `num_return_sequences` rows, whichever is more. If texts are longer than 200 tokens they have fewer rows, but at least one prompt.
    ///
    /// # Errors
    /// A batch size of 0, and any invalid prompt: all prompts are checked before the first is processed.
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
        let mixed = generation.config().num_beams == 1 && model.new_cache(1, 1).is_ragged();
        let mut lengths = BTreeMap::new();
        for (index, prompt) in prompts.iter().enumerate() {
            let prompt = with_bos(model, generation, index, prompt)?;
            check_prompts(model, from_ref(&prompt), None, &[index as u64])?;
            let limit = max_length(model, generation.config(), prompt.len(), 0).map_err(|e| of_prompt(index, e))?;
            lengths.entry(prompt.len()).or_insert((limit, 0)).1 += 1;
        }
        if mixed && let Some((_, (_, count))) = lengths.iter_mut().next_back() {
            // The first batch has the longest prompts, and others if there are too few.
            *count = prompts.len();
        }
        for (length, (limit, count)) in lengths {
            // Automatic batches of large prompts hold only one prompt.
            let batch = batch_size.map_or(1, |size| size.min(count));
            check_batch(model, generation, batch, length, limit)?;
        }
        let size = |length| match batch_size {
            Some(size) => size,
            None => default_batch_size(
                generation.config(),
                max_length(model, generation.config(), length, 0).unwrap_or(usize::MAX),
            ),
        };
        // An empty prompt is replaced by BOS.
        let batches = PromptBatches::new(prompts.iter().map(|prompt| prompt.len().max(1)), mixed, size);
        let (wanted, remaining) = (vec![true; prompts.len()], prompts.len());
        let (packed, process) = (None, (0, 1));
        Ok(Self { model, prompts, generation, packed, batches, wanted, remaining, process, passed: 0, failed: false })
    }

    /// Restricts the generator to the prompts whose indices are `wanted`, for example those that an earlier run has not completed.
    ///
    /// The batches are not changed: a batch with a wanted prompt is computed completely. So a resumed job generates bit-identical
    /// completions, but an interrupted batch is computed again.
    #[must_use]
    pub fn only(mut self, wanted: impl Fn(usize) -> bool) -> Self {
        self.wanted.iter_mut().enumerate().for_each(|(index, is_wanted)| *is_wanted &= wanted(index));
        self.remaining = self.wanted.iter().filter(|wanted| **wanted).count();
        self
    }

    /// Restricts the generator to the part of the process `rank` of `processes`, which take turns at the batches with
    /// [wanted](Self::only) prompts. All processes have the same prompts and batches as one process, so the completions are bit-identical.
    #[must_use]
    pub fn of_process(self, rank: usize, processes: usize) -> Self {
        Self { process: (rank, processes.max(1)), ..self }
    }

    /// Number of prompts after the last batch of this process whose completions have not been generated yet.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.remaining
    }

    fn wants(&self, index: usize) -> bool {
        self.wanted.get(index).is_some_and(|wanted| *wanted)
    }

    fn complete(&mut self, indices: &[usize]) -> Result<Vec<Completion>> {
        if self.packed.is_none() {
            self.packed = Some(self.model.packed()?);
        }
        let prompt = |index: usize| self.prompts.get(index).map_or(&[][..], Vec::as_slice);
        let batch = indices
            .iter()
            .map(|&index| with_bos(self.model, self.generation, index, prompt(index)))
            .collect::<Result<Vec<_>>>()?;
        let prompt_indices: Vec<u64> = indices.iter().map(|&index| index as u64).collect();
        let texts = match self.packed.as_ref().and_then(Option::as_deref) {
            Some(packed) => generate_batch(packed, &batch, None, self.generation, &prompt_indices)?,
            None => generate_batch(self.model, &batch, None, self.generation, &prompt_indices)?,
        };
        let per_prompt = self.generation.config().num_return_sequences;
        let prompts = indices.iter().flat_map(|&index| std::iter::repeat_n(index, per_prompt));
        let lengths = batch.iter().flat_map(|ids| std::iter::repeat_n(ids.len(), per_prompt));
        let completions = prompts
            .zip(lengths)
            .zip(texts)
            .filter(|((index, _), _)| self.wants(*index))
            .map(|((index, length), text)| completion(self.model, self.generation, index, text, length));
        Ok(completions.collect())
    }
}

impl<M: CausalLm + ?Sized> Iterator for CompletionGenerator<'_, M> {
    type Item = Result<Vec<Completion>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let (rank, processes) = self.process;
        let indices = loop {
            let indices = self.batches.next()?;
            let wanted = indices.iter().filter(|&&index| self.wants(index)).count();
            let turn = self.passed % processes;
            self.remaining -= wanted;
            self.passed += usize::from(wanted > 0);
            if wanted > 0 && turn == rank {
                break indices;
            }
        };
        let completions = self.complete(&indices);
        self.failed = completions.is_err();
        tracing::info!(remaining = self.remaining, prompts = self.prompts.len(), "generated");
        Some(completions)
    }
}

/// Names the prompt in an error about its length.
fn of_prompt(index: usize, error: GenerationError) -> GenerationError {
    match error {
        GenerationError::Prompt(reason) => GenerationError::Prompt(format!("prompt {index}: {reason}")),
        other => other,
    }
}

/// Replaces an empty prompt by the BOS.
pub(super) fn with_bos<M: CausalLm + ?Sized>(
    model: &M,
    generation: &Generation,
    index: usize,
    prompt: &[i64],
) -> Result<Vec<i64>> {
    match (prompt, generation.config().bos_token_id.or(model.bos_token_id())) {
        ([], Some(bos)) => Ok(vec![bos]),
        ([], None) => {
            let reason = format!("prompt {index} is empty and the model has no BOS: add at least one token");
            Err(GenerationError::Prompt(reason).into())
        }
        (ids, _) => Ok(ids.to_vec()),
    }
}

fn completion<M: CausalLm + ?Sized>(
    model: &M,
    generation: &Generation,
    prompt: usize,
    text: GeneratedSequence,
    prompt_length: usize,
) -> Completion {
    let configured = generation.config().eos_token_id.as_ref();
    let is_eos = |id: &i64| configured.map_or_else(|| model.eos_token_ids().contains(id), |eos| eos.contains(id));
    let new = text.ids.get(prompt_length..).unwrap_or_default();
    let ids: Vec<i64> = new.iter().copied().take_while(|id| !is_eos(id)).collect();
    let eos = new.get(ids.len()).copied();
    let finished = eos.is_some() || generation.stopping().stops(&text.ids, prompt_length);
    Completion { prompt, eos, finished, ids, score: text.score, token_logps: text.token_logps }
}
