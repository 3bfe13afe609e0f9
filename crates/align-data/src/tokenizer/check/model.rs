//! Checks a tokeniser's model: the time that a long word takes, and the memory that it needs.

use super::limits::{CheckResult, MAX_AFFIX_BYTES, check_length};
use serde_json::Value;

const KINDS: [&str; 4] = ["BPE", "WordPiece", "WordLevel", "Unigram"];
/// Longest word that WordPiece splits, in characters. Splitting takes cubic time.
const MAX_WORD_CHARS: u64 = 1_000;
/// Most nodes of Unigram's prefix tree per token, plus a constant. A node takes about 350 bytes.
const NODES_PER_TOKEN: usize = 8;
const BASE_NODES: usize = 1 << 16;

pub(super) fn check(model: &Value) -> CheckResult<()> {
    // GPT-2's own file, which predates the field, has no type.
    if let Some(kind) = model.get("type") {
        let known = kind.as_str().is_some_and(|kind| KINDS.contains(&kind));
        if !known {
            return Err(format!("expected a type of {}, found {kind}", KINDS.join(", ")));
        }
    }
    for name in ["unk_token", "continuing_subword_prefix", "end_of_word_suffix"] {
        if let Some(text) = model.get(name).and_then(Value::as_str) {
            check_length(name, text, MAX_AFFIX_BYTES)?;
        }
    }
    if let Some(longest) = model.get("max_input_chars_per_word")
        && longest.as_u64().is_none_or(|longest| longest > MAX_WORD_CHARS)
    {
        return Err(format!("max_input_chars_per_word is {longest}, expected at most {MAX_WORD_CHARS}"));
    }
    match model.get("vocab") {
        Some(Value::Array(pieces)) => check_prefix_tree(pieces),
        _ => Ok(()),
    }
}

/// Checks the size of the prefix tree: it has one node for each distinct prefix of a token.
fn check_prefix_tree(pieces: &[Value]) -> CheckResult<()> {
    let mut tokens: Vec<&[u8]> =
        pieces.iter().filter_map(|piece| piece.get(0).and_then(Value::as_str)).map(str::as_bytes).collect();
    tokens.sort_unstable();
    let most = BASE_NODES.saturating_add(tokens.len().saturating_mul(NODES_PER_TOKEN));
    let (mut nodes, mut before) = (0_usize, &[][..]);
    for token in tokens {
        let shared = token.iter().zip(before).take_while(|(a, b)| a == b).count();
        nodes = nodes.saturating_add(token.len() - shared);
        before = token;
    }
    if nodes > most {
        return Err(format!(
            "the prefix tree of its {} tokens has {nodes} nodes, expected at most {most}; the tokens are too long",
            pieces.len()
        ));
    }
    Ok(())
}
