//! Estimates of the memory for generation, compared with the available memory before it starts.

use super::token_ids::eos_ids;
use super::{Generation, GenerationError};
use crate::{CausalLm, Result};
use align_torch::obtainable_memory;
use tch::Device;

/// Bytes per text, without its tokens.
const TEXT: u64 = 512;
/// Bytes per token of a text that is being generated: its id, its log-probability and its slot in the cache.
const TOKEN: u64 = 24;
/// Bytes per candidate of a beam.
const CANDIDATE: u64 = 32;

/// Checks that `per_prompt` completions of each of `prompts` prompts fit into memory. `option` is the name of the option that sets
/// `per_prompt`.
///
/// # Errors
/// [`GenerationError::Memory`], with the number that fits.
pub fn check_completions_fit_memory(option: &'static str, prompts: usize, per_prompt: usize) -> Result<()> {
    let prompts = prompts as u64;
    check_fits(option, per_prompt, Device::Cpu, |count| count.saturating_mul(prompts).saturating_mul(TEXT))
}

/// Checks that a batch fits into memory: `prompts` prompts of `length` tokens, with texts of up to `max_length` tokens.
pub(super) fn check_batch<M: CausalLm + ?Sized>(
    model: &M,
    generation: &Generation,
    prompts: usize,
    length: usize,
    max_length: usize,
) -> Result<()> {
    let config = generation.config();
    let memory = PromptMemory::new(model, generation, length, max_length)?;
    let device = model.device();
    match config.num_beams {
        1 => check_fits("num_return_sequences", config.num_return_sequences, device, |rows| memory.sampling(rows))?,
        beams => check_fits("num_beams", beams, device, |beams| memory.beam_search(beams))?,
    }
    let prompt = match config.num_beams {
        1 => memory.sampling(config.num_return_sequences as u64),
        beams => memory.beam_search(beams as u64),
    };
    check_fits("batch_size", prompts, device, |prompts| prompts.saturating_mul(prompt))
}

/// Estimates the memory for the rows of a prompt.
struct PromptMemory {
    /// Bytes per token in the cache.
    cached: u64,
    heads: u64,
    vocab: u64,
    length: u64,
    new_tokens: u64,
    ends: u64,
}

impl PromptMemory {
    fn new<M: CausalLm + ?Sized>(model: &M, generation: &Generation, length: usize, max_length: usize) -> Result<Self> {
        let one = model.new_cache(1, 1);
        Ok(Self {
            cached: one.bytes_per_token(),
            heads: one.query_heads(),
            vocab: model.vocab_size().unsigned_abs(),
            length: length as u64,
            new_tokens: max_length.saturating_sub(length) as u64,
            ends: eos_ids(model, generation)?.len() as u64,
        })
    }

    /// Bytes of the texts and scores of rows. The scores are logits and log-probabilities in float32.
    fn scores_and_text(&self, rows: u64) -> u64 {
        let tokens = (self.length + self.new_tokens).saturating_mul(TOKEN);
        rows.saturating_mul(self.vocab.saturating_mul(8).saturating_add(tokens))
    }

    /// Bytes of sampled texts, each with its own row in the cache.
    fn sampling(&self, rows: u64) -> u64 {
        let cache = (self.length + self.new_tokens).saturating_mul(self.cached);
        rows.saturating_mul(cache).saturating_add(self.scores_and_text(rows))
    }

    /// Bytes of the beams of a prompt, which share a row in the cache: the cache, the attention mask, the attention scores of all heads,
    /// and the candidates of each beam.
    fn beam_search(&self, beams: u64) -> u64 {
        let slots = beams.saturating_mul(self.new_tokens).saturating_add(self.length);
        let attention = beams.saturating_mul(slots).saturating_mul(5 + 8 * self.heads);
        let kept = beams.saturating_mul((1 + self.ends).max(2)).min(self.vocab);
        let candidates = beams.saturating_mul(kept).saturating_mul(CANDIDATE);
        let cache = slots.saturating_mul(self.cached);
        [cache, attention, candidates, self.scores_and_text(beams)].into_iter().fold(0, u64::saturating_add)
    }
}

/// Fails if `bytes(found)` exceeds the memory that this process can obtain on `device`. The error contains the largest number that fits.
fn check_fits(option: &'static str, found: usize, device: Device, bytes: impl Fn(u64) -> u64) -> Result<()> {
    let limit = obtainable_memory(device);
    if bytes(found as u64) <= limit {
        return Ok(());
    }
    let (mut most, mut too_many) = (0, found as u64);
    while too_many - most > 1 {
        let middle = most + (too_many - most) / 2;
        if bytes(middle) <= limit { most = middle } else { too_many = middle }
    }
    Err(GenerationError::Memory { option, found, most, bytes: limit }.into())
}
