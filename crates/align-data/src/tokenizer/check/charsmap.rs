//! SentencePiece's compiled map of characters (<https://github.com/google/sentencepiece>): a double-array trie of byte strings, and
//! the texts that stand for them, each up to a zero byte. The crate follows it without looking where it leads.

use super::limits::Checked;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

/// Most units of the trie; that of `nmt_nfkc` has 60,000.
const UNITS: usize = 1 << 18;
/// Longest text that may stand for a character, in bytes; NFKC's longest has 33.
const TEXT_BYTES: usize = 1 << 10;
/// The bytes that UTF-8 texts are made of; a zero byte ends the search.
const BYTES: std::ops::RangeInclusive<usize> = 1..=0xf4;

/// Checks each place of the map that a text can lead to; returns how many bytes it may make of one.
pub(super) fn check(map: &Value) -> Checked<f64> {
    let text = map.as_str().ok_or("precompiled_charsmap: expected a text in Base64")?;
    let bytes = BASE64_STANDARD.decode(text).map_err(|e| format!("precompiled_charsmap: no Base64: {e}"))?;
    charsmap(&bytes).map_err(|problem| format!("precompiled_charsmap: {problem}"))
}

fn charsmap(bytes: &[u8]) -> Checked<f64> {
    let (length, rest) = bytes.split_first_chunk().ok_or("it is empty")?;
    let length = u32::from_le_bytes(*length) as usize;
    let (trie, texts) = rest
        .split_at_checked(length)
        .ok_or_else(|| format!("its trie claims {length} bytes, {} are left", rest.len()))?;
    if trie.len() % 4 != 0 || trie.len() / 4 > UNITS {
        return Err(format!("its trie has {length} bytes, expected a multiple of 4 up to {}", UNITS * 4));
    }
    let units = trie.chunks_exact(4).map(|unit| unit.iter().rev().fold(0, |unit, byte| unit << 8 | usize::from(*byte)));
    let texts = std::str::from_utf8(texts).map_err(|_| "its texts are not UTF-8")?;
    Trie { units: units.collect(), texts }.walk()
}

/// The trie. A unit says which byte leads to it, whether a text belongs to it, and how far its children are away.
struct Trie<'a> {
    units: Vec<usize>,
    texts: &'a str,
}

impl Trie<'_> {
    /// Visits each place, those of the shortest byte strings first.
    fn walk(&self) -> Checked<f64> {
        let mut seen = vec![false; self.units.len()];
        let mut places = vec![offset(self.unit(0)?)];
        let (mut depth, mut growth) = (0_usize, 1.0_f64);
        while !places.is_empty() {
            depth += 1;
            let mut next = Vec::new();
            for place in places {
                for byte in BYTES {
                    let child = place ^ byte;
                    let unit = self.unit(child)?;
                    if unit & (1 << 31 | 0xff) != byte {
                        continue;
                    }
                    let below = child ^ offset(unit);
                    if unit >> 8 & 1 == 1 {
                        let text = self.text(self.unit(below)? & 0x7fff_ffff)?;
                        growth = growth.max(text as f64 / depth as f64);
                    }
                    let seen = seen.get_mut(below).ok_or("a place beyond its trie")?;
                    if !std::mem::replace(seen, true) {
                        next.push(below);
                    }
                }
            }
            places = next;
        }
        Ok(growth)
    }

    fn unit(&self, place: usize) -> Checked<usize> {
        self.units.get(place).copied().ok_or_else(|| format!("unit {place} of a trie of {}", self.units.len()))
    }

    /// The length of the text that begins at this byte.
    fn text(&self, start: usize) -> Checked<usize> {
        let text = self.texts.get(start..).ok_or_else(|| format!("a text at byte {start} of {}", self.texts.len()))?;
        let length = text.bytes().take(TEXT_BYTES + 1).position(|byte| byte == 0).unwrap_or(text.len());
        if length > TEXT_BYTES {
            return Err(format!("a text of {length} bytes for a character, expected at most {TEXT_BYTES}"));
        }
        Ok(length)
    }
}

/// How far away the children of a unit are.
fn offset(unit: usize) -> usize {
    unit >> 10 << ((unit & 1 << 9) >> 6)
}
