//! 64-bit hashes of texts.

use crate::row::Turn;
use xxhash_rust::xxh3::Xxh3;

/// The hash of the trimmed texts of turns. Roles do not count, so that a prompt is found in a file of another form.
pub(crate) fn of_turns(turns: &[Turn]) -> u64 {
    let mut hasher = Xxh3::new();
    for turn in turns {
        hasher.update(turn.text.trim().as_bytes());
        // No text contains this byte, which never occurs in UTF-8.
        hasher.update(&[0xff]);
    }
    hasher.digest()
}

/// The hash of several hashes, in their order.
pub(crate) fn of_hashes(hashes: &[u64]) -> u64 {
    hashes.iter().fold(0x9e37_79b9_7f4a_7c15, |all, hash| mix(all.rotate_left(23) ^ hash))
}

/// The finaliser of SplitMix64: each bit of the result depends on all bits of the input.
pub(crate) fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
