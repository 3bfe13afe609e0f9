//! Checks SentencePiece's compiled character map (<https://github.com/google/sentencepiece>): a double-array trie of
//! byte strings, and their zero-terminated replacements. The crate does not check the trie's bounds.

use super::limits::CheckResult;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

/// Most units of the trie. The trie of `nmt_nfkc` has 60,000.
const MAX_UNITS: usize = 1 << 18;
/// Longest replacement of a character in bytes. The longest in NFKC has 33.
const MAX_REPLACEMENT_BYTES: usize = 1 << 10;
/// The bytes that occur in UTF-8. A zero byte ends the search.
const BYTES: std::ops::RangeInclusive<usize> = 1..=0xf4;

/// Checks every reachable node of the map. Returns the factor by which a replacement may expand a text.
pub(super) fn check(map: &Value) -> CheckResult<f64> {
    let text = map.as_str().ok_or("precompiled_charsmap: expected a Base64 string")?;
    let bytes = BASE64_STANDARD.decode(text).map_err(|e| format!("precompiled_charsmap: not valid Base64: {e}"))?;
    check_bytes(&bytes).map_err(|problem| format!("precompiled_charsmap: {problem}"))
}

fn check_bytes(bytes: &[u8]) -> CheckResult<f64> {
    let (length, rest) = bytes.split_first_chunk().ok_or("it is empty")?;
    let length = u32::from_le_bytes(*length) as usize;
    let (trie, texts) = rest
        .split_at_checked(length)
        .ok_or_else(|| format!("its trie declares {length} bytes, {} are left", rest.len()))?;
    if trie.len() % 4 != 0 || trie.len() / 4 > MAX_UNITS {
        return Err(format!("its trie has {length} bytes, expected a multiple of 4 up to {}", MAX_UNITS * 4));
    }
    let units = trie.chunks_exact(4).map(|unit| unit.iter().rev().fold(0, |unit, byte| unit << 8 | usize::from(*byte)));
    let texts = std::str::from_utf8(texts).map_err(|_| "its texts are not UTF-8")?;
    Trie { units: units.collect(), texts }.check_nodes()
}

/// The trie. A unit holds the byte that leads to it, whether it has a replacement, and the offset of its children.
struct Trie<'a> {
    units: Vec<usize>,
    texts: &'a str,
}

impl Trie<'_> {
    /// Visits the nodes breadth first.
    fn check_nodes(&self) -> CheckResult<f64> {
        let mut seen = vec![false; self.units.len()];
        let mut nodes = vec![offset(self.unit(0)?)];
        let (mut depth, mut growth) = (0_usize, 1.0_f64);
        while !nodes.is_empty() {
            depth += 1;
            let mut next = Vec::new();
            for node in nodes {
                for byte in BYTES {
                    let child = node ^ byte;
                    let unit = self.unit(child)?;
                    if unit & (1 << 31 | 0xff) != byte {
                        continue;
                    }
                    let below = child ^ offset(unit);
                    if unit >> 8 & 1 == 1 {
                        let text = self.text(self.unit(below)? & 0x7fff_ffff)?;
                        growth = growth.max(text as f64 / depth as f64);
                    }
                    let seen = seen.get_mut(below).ok_or("a node outside its trie")?;
                    if !std::mem::replace(seen, true) {
                        next.push(below);
                    }
                }
            }
            nodes = next;
        }
        Ok(growth)
    }

    fn unit(&self, node: usize) -> CheckResult<usize> {
        self.units.get(node).copied().ok_or_else(|| format!("unit {node} of a trie of {}", self.units.len()))
    }

    /// The length of the replacement that begins at this byte.
    fn text(&self, start: usize) -> CheckResult<usize> {
        let text = self.texts.get(start..).ok_or_else(|| format!("a text at byte {start} of {}", self.texts.len()))?;
        let length = text.bytes().take(MAX_REPLACEMENT_BYTES + 1).position(|byte| byte == 0).unwrap_or(text.len());
        if length > MAX_REPLACEMENT_BYTES {
            return Err(format!("a text of {length} bytes for a character, expected at most {MAX_REPLACEMENT_BYTES}"));
        }
        Ok(length)
    }
}

/// The offset of a unit's children.
fn offset(unit: usize) -> usize {
    unit >> 10 << ((unit & 1 << 9) >> 6)
}
