//! The tokens that are added to a vocabulary: the crate normalises them and builds a search for all of them.

use super::limits::{Checked, TOKEN_BYTES, short};
use serde_json::Value;

/// Most added tokens. The search is built anew with each special token.
const TOKENS: usize = 100_000;
/// Most bytes of all of them, normalised. The search takes some forty for each.
const BYTES: f64 = (4 << 20) as f64;

/// Checks the added tokens, of whose bytes the normaliser may make `growth` each.
pub(super) fn check(tokens: &[Value], growth: f64) -> Checked<()> {
    if tokens.len() > TOKENS {
        return Err(format!("found {}, expected at most {TOKENS}", tokens.len()));
    }
    let mut bytes = 0.0;
    for token in tokens {
        let content = token.get("content").and_then(Value::as_str).unwrap_or_default();
        short("a token", content, TOKEN_BYTES)?;
        let normalised = token.get("normalized").and_then(Value::as_bool).unwrap_or(true);
        bytes += content.len() as f64 * if normalised { growth } else { 1.0 };
    }
    if bytes <= BYTES {
        return Ok(());
    }
    Err(format!("they may take {bytes:.0} bytes once they are normalised, expected at most {BYTES}"))
}
