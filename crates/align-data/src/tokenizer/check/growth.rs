//! What a byte of a text may become: steps that each make a text longer multiply.

use super::limits::Checked;
use serde_json::Value;

/// Most bytes that the steps may make of one. T5's and Llama's make up to 44 and 12.
const MOST: f64 = 256.0;
/// NFKC and NFKD make eighteen characters, 33 bytes, of U+FDFA, which has three.
const COMPATIBILITY: f64 = 11.0;
/// NFD makes three characters, six bytes, of U+0390, which has two.
const DECOMPOSED: f64 = 3.0;

/// The product of what steps may make of a byte.
pub(super) struct Growth {
    factor: f64,
    /// A first normal form is not counted: what it does is the same for all tokenisers.
    normalised: bool,
}

impl Growth {
    pub fn new() -> Self {
        Self { factor: 1.0, normalised: false }
    }

    /// What the steps so far may make of a byte.
    pub fn factor(&self) -> f64 {
        self.factor
    }

    /// Counts a step that may make `factor` bytes of one.
    pub fn times(&mut self, factor: f64) -> Checked<()> {
        self.factor *= factor.max(1.0);
        if self.factor <= MOST {
            return Ok(());
        }
        Err(format!("the steps up to here may make {:.0} bytes of one, expected at most {MOST}", self.factor))
    }

    /// Counts what a step of this type does, whatever its fields are.
    pub fn of_kind(&mut self, kind: &str) -> Checked<()> {
        match kind {
            "NFKC" | "NFKD" => self.normal_form(COMPATIBILITY),
            "NFC" | "NFD" | "BertNormalizer" => self.normal_form(DECOMPOSED),
            // Each byte is written as a character of up to two.
            "ByteLevel" => self.times(2.0),
            // A space becomes a character of up to four bytes, and one may be put before the text.
            "Metaspace" => self.times(4.0),
            _ => Ok(()),
        }
    }

    fn normal_form(&mut self, factor: f64) -> Checked<()> {
        if self.normalised {
            return self.times(factor);
        }
        self.normalised = true;
        Ok(())
    }
}

/// What a replacement of at least `least` bytes by `content` may make of a byte; of an empty match, it is put before a byte.
pub(super) fn of_replacement(least: usize, content: &Value) -> f64 {
    let length = content.as_str().unwrap_or_default().len() as f64;
    if least == 0 { 1.0 + length } else { length / least as f64 }
}
