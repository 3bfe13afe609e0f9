//! Pseudo-random permutations that take no memory.

/// Rounds of the Feistel network. Four make it hard to tell from a random permutation; small domains need more.
const ROUNDS: u64 = 8;

/// A pseudo-random permutation of `0..len`: a Feistel network on the smallest domain of an even number of bits that holds `len` values. A
/// value outside `0..len` is permuted again, on average less than three times.
#[derive(Debug, Clone, Copy)]
pub(super) struct Permutation {
    len: u64,
    /// Bits of each half.
    half: u32,
    key: u64,
}

impl Permutation {
    pub fn new(len: u64, key: u64) -> Self {
        let bits = u64::BITS - len.saturating_sub(1).leading_zeros();
        Self { len, half: bits.div_ceil(2).max(1), key }
    }

    /// Where `place`, which is less than the length, is moved.
    pub fn get(&self, place: u64) -> u64 {
        if self.len < 2 {
            return place;
        }
        let mut value = self.permute(place);
        while value >= self.len {
            value = self.permute(value);
        }
        value
    }

    fn permute(&self, value: u64) -> u64 {
        let mask = (1 << self.half) - 1;
        let (mut left, mut right) = (value >> self.half, value & mask);
        for round in 0..ROUNDS {
            let mixed = mix(self.key ^ mix(right.wrapping_add(round << 56)));
            (left, right) = (right, left ^ (mixed & mask));
        }
        (left << self.half) | right
    }
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood, 2014): every bit of the result depends on every bit of the value.
pub(super) fn mix(value: u64) -> u64 {
    let mut mixed = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn every_value_has_one_place() {
        for len in (0..70).chain([127, 128, 129, 1000, 4097, 65_536]) {
            let permutation = Permutation::new(len, 7);
            let mut seen: Vec<u64> = (0..len).map(|place| permutation.get(place)).collect();
            seen.sort_unstable();
            assert_eq!(seen, (0..len).collect::<Vec<_>>(), "{len}");
        }
    }

    #[test]
    fn values_are_spread_evenly_over_keys() {
        let mut counts = [[0_u32; 5]; 5];
        for key in 0..10_000 {
            let permutation = Permutation::new(5, mix(key));
            (0..5).for_each(|place| counts[place as usize][permutation.get(place) as usize] += 1);
        }
        // Chi-square with 16 degrees of freedom exceeds 45.9 for one in 10,000 series of keys.
        let chi: f64 = counts.iter().flatten().map(|count| (f64::from(*count) - 2000.0).powi(2) / 2000.0).sum();
        assert!(chi < 45.9, "{chi}: {counts:?}");
    }
}
