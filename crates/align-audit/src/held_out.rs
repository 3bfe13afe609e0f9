//! The prompts of held-out rows, and the texts of those without a prompt.

use crate::facts::PromptFacts;
use crate::minhash::{BANDS, Dense, Signature, THRESHOLD, similarity};
use std::collections::HashMap;

/// Most prompts of a bucket that a prompt is compared with.
const MOST_COMPARED: usize = 64;

/// The held-out prompts, exactly and by their similarity.
#[derive(Default)]
pub(crate) struct HeldOut {
    pub rows: u64,
    by_hash: HashMap<u64, u32>,
    /// Prompts by band and key.
    buckets: HashMap<(u8, u32), Vec<u32>>,
    signatures: Vec<(u32, Signature)>,
}

/// A held-out row with the prompt of a training row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shared {
    Exactly(u32),
    Nearly(u32),
}

impl HeldOut {
    /// Adds the prompt of a held-out row.
    pub fn add(&mut self, row: u32, prompt: &PromptFacts) {
        self.rows += 1;
        if prompt.is_blank || self.by_hash.contains_key(&prompt.hash) {
            return;
        }
        self.by_hash.insert(prompt.hash, row);
        let Some(dense) = &prompt.dense else { return };
        let number = self.signatures.len() as u32;
        self.signatures.push((row, dense.signature()));
        for key in keys(dense) {
            self.buckets.entry(key).or_default().push(number);
        }
    }

    /// The held-out row with the prompt, or with a similar one. Prompts without letters and digits are similar to none.
    pub fn find(&self, prompt: &PromptFacts) -> Option<Shared> {
        if prompt.is_blank || self.by_hash.is_empty() {
            return None;
        }
        if let Some(row) = self.by_hash.get(&prompt.hash) {
            return Some(Shared::Exactly(*row));
        }
        let dense = prompt.dense.as_ref()?;
        let own = dense.signature();
        let candidates = keys(dense).filter_map(|key| self.buckets.get(&key));
        let candidates = candidates.flat_map(|bucket| bucket.iter().take(MOST_COMPARED));
        let mut candidates = candidates.filter_map(|number| self.signatures.get(*number as usize));
        let near = candidates.find(|(_, signature)| similarity(&own, signature) >= THRESHOLD);
        near.map(|(row, _)| Shared::Nearly(*row))
    }
}

fn keys(dense: &Dense) -> impl Iterator<Item = (u8, u32)> {
    let bands: [u8; BANDS] = std::array::from_fn(|band| band as u8);
    bands.into_iter().zip(dense.band_keys())
}
