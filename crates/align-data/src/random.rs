//! Random numbers as a function of a seed and of what they are for.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// The generator for one purpose (at most 16 bytes of it count) and one index of it, whatever else was drawn before.
pub(crate) fn generator(seed: u64, purpose: &str, index: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    let (seed_part, rest) = key.split_at_mut(8);
    let (index_part, purpose_part) = rest.split_at_mut(8);
    seed_part.copy_from_slice(&seed.to_le_bytes());
    index_part.copy_from_slice(&index.to_le_bytes());
    for (slot, byte) in purpose_part.iter_mut().zip(purpose.bytes()) {
        *slot = byte;
    }
    ChaCha8Rng::from_seed(key)
}
