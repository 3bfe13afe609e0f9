//! What texts take in memory, compared with what there is before they are begun.

use super::token_ids::eos_ids;
use super::{Generation, GenerationError};
use crate::{CausalLm, Result};
use align_torch::attainable_memory;
use tch::Device;

/// Bytes of a text beside its tokens: what holds its prompt and what a model wrote behind it.
const TEXT: u64 = 512;
/// Bytes of a token of a text that is being written: its id, its log-probability and its place in the cache.
const TOKEN: u64 = 24;
/// Bytes of a beam's candidate.
const CANDIDATE: u64 = 32;

/// Refuses to continue `prompts` prompts `each` times where their texts alone do not fit into memory. `option` is what asks for so
/// many.
///
/// # Errors
/// [`GenerationError::Memory`], which says how many fit.
pub fn check_texts(option: &'static str, prompts: usize, each: usize) -> Result<()> {
    let prompts = prompts as u64;
    refuse(option, each, Device::Cpu, |each| each.saturating_mul(prompts).saturating_mul(TEXT))
}

/// Refuses rows of a prompt, and prompts of a batch, that do not fit into memory: `prompts` of `length` tokens at once, with texts of
/// up to `max_length` tokens.
pub(super) fn check_batch<M: CausalLm + ?Sized>(
    model: &M,
    generation: &Generation,
    prompts: usize,
    length: usize,
    max_length: usize,
) -> Result<()> {
    let config = generation.config();
    let rows = Rows::new(model, generation, length, max_length)?;
    let device = model.device();
    match config.num_beams {
        1 => refuse("num_return_sequences", config.num_return_sequences, device, |rows_| rows.drawn(rows_))?,
        beams => refuse("num_beams", beams, device, |beams| rows.searched(beams))?,
    }
    let prompt = match config.num_beams {
        1 => rows.drawn(config.num_return_sequences as u64),
        beams => rows.searched(beams as u64),
    };
    refuse("batch_size", prompts, device, |prompts| prompts.saturating_mul(prompt))
}

/// What the rows of a prompt take.
struct Rows {
    /// Bytes of a token in the cache.
    cached: u64,
    heads: u64,
    vocab: u64,
    length: u64,
    new_tokens: u64,
    ends: u64,
}

impl Rows {
    fn new<M: CausalLm + ?Sized>(model: &M, generation: &Generation, length: usize, max_length: usize) -> Result<Self> {
        let one = model.new_cache(1, 1);
        Ok(Self {
            cached: one.bytes_a_token(),
            heads: one.query_heads(),
            vocab: model.vocab_size().unsigned_abs(),
            length: length as u64,
            new_tokens: max_length.saturating_sub(length) as u64,
            ends: eos_ids(model, generation)?.len() as u64,
        })
    }

    /// Bytes of the scores and the texts of rows: logits and log-probabilities in float32.
    fn written(&self, rows: u64) -> u64 {
        let tokens = (self.length + self.new_tokens).saturating_mul(TOKEN);
        rows.saturating_mul(self.vocab.saturating_mul(8).saturating_add(tokens))
    }

    /// Bytes of texts that are drawn, each with a row of the cache.
    fn drawn(&self, rows: u64) -> u64 {
        let cache = (self.length + self.new_tokens).saturating_mul(self.cached);
        rows.saturating_mul(cache).saturating_add(self.written(rows))
    }

    /// Bytes of a prompt's beams, which share a row of the cache: a mask and each head's attention say which beam sees which place,
    /// and each beam has candidates.
    fn searched(&self, beams: u64) -> u64 {
        let places = beams.saturating_mul(self.new_tokens).saturating_add(self.length);
        let attention = beams.saturating_mul(places).saturating_mul(5 + 8 * self.heads);
        let kept = beams.saturating_mul((1 + self.ends).max(2)).min(self.vocab);
        let candidates = beams.saturating_mul(kept).saturating_mul(CANDIDATE);
        let cache = places.saturating_mul(self.cached);
        [cache, attention, candidates, self.written(beams)].into_iter().fold(0, u64::saturating_add)
    }
}

/// Refuses a `found` that takes more bytes than this process can have on `device`, with the largest number that does not.
fn refuse(option: &'static str, found: usize, device: Device, bytes: impl Fn(u64) -> u64) -> Result<()> {
    let limit = attainable_memory(device);
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
