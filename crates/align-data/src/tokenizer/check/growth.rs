//! Limits how much processing steps may expand a text. The factors of consecutive steps multiply.

use super::limits::CheckResult;
use serde_json::Value;

/// Largest expansion factor in total. The steps of T5 and Llama reach 44 and 12.
const MAX_FACTOR: f64 = 256.0;
/// NFKC and NFKD expand U+FDFA from three bytes to 33 (eighteen characters).
const NFKC_FACTOR: f64 = 11.0;
/// NFD expands U+0390 from two bytes to six (three characters).
const NFD_FACTOR: f64 = 3.0;

/// The product of the expansion factors.
pub(super) struct Growth {
    factor: f64,
    /// The first Unicode normalisation is not counted, because its effect is the same in all tokenisers.
    normalised: bool,
}

impl Growth {
    pub fn new() -> Self {
        Self { factor: 1.0, normalised: false }
    }

    /// The expansion factor of the steps so far.
    pub fn factor(&self) -> f64 {
        self.factor
    }

    /// Multiplies by the factor of a step.
    pub fn multiply(&mut self, factor: f64) -> CheckResult<()> {
        self.factor *= factor.max(1.0);
        if self.factor <= MAX_FACTOR {
            return Ok(());
        }
        Err(format!("the steps so far may expand one byte to {:.0} bytes, expected at most {MAX_FACTOR}", self.factor))
    }

    /// Counts a step by its type alone.
    pub fn count_step(&mut self, kind: &str) -> CheckResult<()> {
        match kind {
            "NFKC" | "NFKD" => self.normal_form(NFKC_FACTOR),
            "NFC" | "NFD" | "BertNormalizer" => self.normal_form(NFD_FACTOR),
            // Each byte becomes a character of up to two bytes.
            "ByteLevel" => self.multiply(2.0),
            // A space becomes a character of up to four bytes, and one may be added before the text.
            "Metaspace" => self.multiply(4.0),
            _ => Ok(()),
        }
    }

    fn normal_form(&mut self, factor: f64) -> CheckResult<()> {
        if self.normalised {
            return self.multiply(factor);
        }
        self.normalised = true;
        Ok(())
    }
}

/// The expansion factor of replacing at least `least` bytes by `content`. An empty match inserts `content` before each
/// byte.
pub(super) fn replacement_factor(least: usize, content: &Value) -> f64 {
    let length = content.as_str().unwrap_or_default().len() as f64;
    if least == 0 { 1.0 + length } else { length / least as f64 }
}
