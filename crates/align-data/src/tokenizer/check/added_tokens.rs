//! Checks the added tokens. The crate normalises them and builds a search automaton.

use super::limits::{CheckResult, MAX_TOKEN_BYTES, check_length};
use serde_json::Value;

/// Most added tokens. The crate rebuilds the automaton for each special token.
const MAX_TOKENS: usize = 100_000;
/// Most bytes of all added tokens after normalisation. The automaton takes about forty times as many.
const MAX_BYTES: f64 = (4 << 20) as f64;

/// Checks the added tokens. Normalisation may expand their bytes by the factor `growth`.
pub(super) fn check(tokens: &[Value], growth: f64) -> CheckResult<()> {
    if tokens.len() > MAX_TOKENS {
        return Err(format!("found {}, expected at most {MAX_TOKENS}", tokens.len()));
    }
    let mut bytes = 0.0;
    for token in tokens {
        let content = token.get("content").and_then(Value::as_str).unwrap_or_default();
        check_length("a token", content, MAX_TOKEN_BYTES)?;
        let normalised = token.get("normalized").and_then(Value::as_bool).unwrap_or(true);
        bytes += content.len() as f64 * if normalised { growth } else { 1.0 };
    }
    if bytes <= MAX_BYTES {
        return Ok(());
    }
    Err(format!("they may take {bytes:.0} bytes once they are normalised, expected at most {MAX_BYTES}"))
}
