//! MinHash: signatures of sets whose agreement estimates the Jaccard similarity of the sets (Broder 1997), by one permutation
//! with densification (Shrivastava 2017), so that a text costs one pass.

use crate::text_hash::mix;

/// The number of bins, which is that of the values of a signature.
pub(crate) const BINS: usize = 128;

/// Bands of a signature. Two sets are compared if they agree in all values of a band: with similarity 0.8 in 99.8% of the cases.
pub(crate) const BANDS: usize = 21;

/// Values of a band.
const BAND_VALUES: usize = 6;

/// Characters of a sequence.
const SEQUENCE: usize = 5;

/// Copies of each element. They fill the bins of short texts.
const COPIES: u64 = 8;

/// The similarity from which texts are near-duplicates.
pub(crate) const THRESHOLD: f64 = 0.8;

/// The values of a signature, one byte each.
pub(crate) type Signature = [u8; BINS];

/// The keys of a signature's bands.
pub(crate) type BandKeys = [u32; BANDS];

/// The smallest hash of the elements in each bin.
#[derive(Debug, Clone)]
pub(crate) struct Bins([u32; BINS]);

const EMPTY: u32 = u32::MAX;

impl Default for Bins {
    fn default() -> Self {
        Self([EMPTY; BINS])
    }
}

impl Bins {
    /// Adds the sequences of characters of a text: letters in lower case and digits, with one space in place of everything else.
    /// Texts with different seeds have no elements in common.
    pub fn add_text(&mut self, text: &str, seed: u64) {
        let mut window = Window::new(seed);
        let mut gap = false;
        for character in text.chars() {
            if !character.is_alphanumeric() {
                gap = window.pushed > 0;
                continue;
            }
            if std::mem::take(&mut gap) {
                window.push(' ', self);
            }
            if character.is_ascii() {
                window.push(character.to_ascii_lowercase(), self);
            } else {
                character.to_lowercase().for_each(|lower| window.push(lower, self));
            }
        }
        window.end(self);
    }

    fn add(&mut self, element: u64) {
        for copy in 0..COPIES {
            let hash = mix(element.wrapping_add(copy.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
            let bin = (hash >> 57) as usize;
            if let Some(smallest) = self.0.get_mut(bin) {
                *smallest = (*smallest).min(hash as u32);
            }
        }
    }

    /// The bins of the union of two sets.
    pub fn union(&self, other: &Self) -> Self {
        let mut union = self.clone();
        union.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a = (*a).min(*b));
        union
    }

    /// Fills empty bins with the values of others. `None` if the set is empty.
    pub fn densified(&self) -> Option<Dense> {
        if self.0.iter().all(|value| *value == EMPTY) {
            return None;
        }
        let mut dense = self.0;
        for (bin, value) in dense.iter_mut().enumerate().filter(|(_, value)| **value == EMPTY) {
            let mut attempt = mix(bin as u64 + 1);
            while *value == EMPTY {
                attempt = mix(attempt.wrapping_add(0x9e37_79b9_7f4a_7c15));
                *value = self.0.get((attempt >> 57) as usize).copied().unwrap_or(EMPTY);
            }
        }
        Some(Dense(dense))
    }
}

/// The bins of a set that is not empty, all filled.
#[derive(Debug, Clone)]
pub(crate) struct Dense([u32; BINS]);

impl Dense {
    /// The signature, of which [`similarity`] is an estimate.
    pub fn signature(&self) -> Signature {
        self.0.map(|value| (mix(u64::from(value)) >> 56) as u8)
    }

    /// The keys of the bands.
    pub fn band_keys(&self) -> BandKeys {
        let key = |band: usize| {
            let values = self.0.iter().skip(band * BAND_VALUES).take(BAND_VALUES);
            (values.fold(band as u64, |all, value| mix(all ^ u64::from(*value))) >> 32) as u32
        };
        std::array::from_fn(key)
    }
}

/// The estimated Jaccard similarity of two sets. Its standard error is at most 0.036 at 0.8. Unequal values have equal bytes in
/// one of 256 cases, which is corrected.
pub(crate) fn similarity(a: &Signature, b: &Signature) -> f64 {
    let equal = a.iter().zip(b).filter(|(a, b)| a == b).count() as f64 / BINS as f64;
    let chance = 1.0 / 256.0;
    ((equal - chance) / (1.0 - chance)).max(0.0)
}

/// The hash of the last characters, updated for each character.
struct Window {
    hash: u64,
    seed: u64,
    last: [u32; SEQUENCE],
    pushed: usize,
}

const BASE: u64 = 0x0100_0000_01b3;

/// The factor of the character that leaves the window.
const LEAVING: u64 = BASE.wrapping_mul(BASE).wrapping_mul(BASE).wrapping_mul(BASE).wrapping_mul(BASE);

impl Window {
    fn new(seed: u64) -> Self {
        Self { hash: 0, seed: mix(seed), last: [0; SEQUENCE], pushed: 0 }
    }

    fn push(&mut self, character: char, bins: &mut Bins) {
        let new = u32::from(character);
        let place = self.pushed % SEQUENCE;
        let old = self.last.get_mut(place).map_or(0, |slot| std::mem::replace(slot, new));
        self.hash = self.hash.wrapping_mul(BASE).wrapping_add(u64::from(new));
        self.hash = self.hash.wrapping_sub(u64::from(old).wrapping_mul(LEAVING));
        self.pushed += 1;
        if self.pushed >= SEQUENCE {
            bins.add(self.hash ^ self.seed);
        }
    }

    /// Adds a text that is shorter than a sequence.
    fn end(self, bins: &mut Bins) {
        if self.pushed > 0 && self.pushed < SEQUENCE {
            bins.add(self.hash ^ self.seed);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::collections::HashSet;

    fn dense(text: &str) -> Option<Dense> {
        let mut bins = Bins::default();
        bins.add_text(text, 1);
        bins.densified()
    }

    /// The similarity by its definition.
    fn jaccard(a: &str, b: &str) -> f64 {
        let set = |text: &str| -> HashSet<String> {
            let letters: Vec<char> = text.chars().collect();
            letters.windows(SEQUENCE).map(|window| window.iter().collect()).collect()
        };
        let (a, b) = (set(a), set(b));
        a.intersection(&b).count() as f64 / a.union(&b).count() as f64
    }

    fn text(from: usize, words: usize) -> String {
        (from..from + words).map(|word| format!("{:x}", mix(word as u64) >> 40)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_similarity_is_that_of_the_sets_within_four_standard_errors() {
        for (shift, words) in [(0, 30), (1, 40), (2, 40), (4, 40), (10, 40), (40, 40), (3, 400)] {
            let (a, b) = (text(0, words), text(shift, words));
            let expected = jaccard(&a, &b);
            let found = similarity(&dense(&a).unwrap().signature(), &dense(&b).unwrap().signature());
            let error = 4.0 * (expected * (1.0 - expected) / BINS as f64).sqrt() + 0.02;
            assert!((found - expected).abs() <= error, "{shift} {words}: {found} {expected}");
        }
    }

    #[test]
    fn case_and_punctuation_do_not_count() {
        let (a, b) = (dense("Was it fun? Yes - VERY!").unwrap(), dense("was it fun  yes very").unwrap());
        assert_eq!(a.signature(), b.signature());
        assert_eq!(dense("Hi!").unwrap().band_keys(), dense("hi").unwrap().band_keys());
        assert_ne!(dense("hi").unwrap().band_keys(), dense("ho").unwrap().band_keys());
        assert!(dense("?!").is_none());
    }

    #[test]
    fn a_union_is_the_minimum_of_the_bins() {
        let (mut a, mut b, mut both) = (Bins::default(), Bins::default(), Bins::default());
        a.add_text("the first text", 1);
        b.add_text("another one", 2);
        both.add_text("the first text", 1);
        both.add_text("another one", 2);
        assert_eq!(a.union(&b).0, both.0);
    }
}
