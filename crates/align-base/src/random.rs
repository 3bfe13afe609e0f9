//! Counter-based random numbers: each draw is a function of a seed, a purpose and an index, and does not depend on earlier draws. So
//! a resumed run draws the same numbers as an uninterrupted one.
//!
//! ```
//! use align_base::random::generator;
//! use rand_chacha::rand_core::Rng;
//!
//! let third_epoch = generator(42, "epoch", 3).next_u64();
//! assert_eq!(third_epoch, generator(42, "epoch", 3).next_u64());
//! assert_ne!(third_epoch, generator(42, "epoch", 4).next_u64());
//! ```

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// Creates the generator for a seed, a purpose and an index. Only the first 16 bytes of `purpose` are used.
#[must_use]
pub fn generator(seed: u64, purpose: &str, index: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    let (seed_part, rest) = key.split_at_mut(8);
    let (index_part, purpose_part) = rest.split_at_mut(8);
    seed_part.copy_from_slice(&seed.to_le_bytes());
    index_part.copy_from_slice(&index.to_le_bytes());
    purpose_part.iter_mut().zip(purpose.bytes()).for_each(|(slot, byte)| *slot = byte);
    ChaCha8Rng::from_seed(key)
}
