//! A tokeniser's model: what it would do with a long word, and how large it grows in memory.

use super::limits::{AFFIX_BYTES, Checked, short};
use serde_json::Value;

const KINDS: [&str; 4] = ["BPE", "WordPiece", "WordLevel", "Unigram"];
/// Longest word that WordPiece may be asked to split, in characters: it takes time by the length's cube.
const WORD: u64 = 1_000;
/// Nodes of Unigram's prefix tree for each token, and of any tree. A node takes some 350 bytes.
const NODES_A_TOKEN: usize = 8;
const NODES: usize = 1 << 16;

pub(super) fn check(model: &Value) -> Checked<()> {
    // GPT-2's own file, older than the others, names no type.
    if let Some(kind) = model.get("type") {
        let known = kind.as_str().is_some_and(|kind| KINDS.contains(&kind));
        if !known {
            return Err(format!("expected a type of {}, found {kind}", KINDS.join(", ")));
        }
    }
    for name in ["unk_token", "continuing_subword_prefix", "end_of_word_suffix"] {
        if let Some(text) = model.get(name).and_then(Value::as_str) {
            short(name, text, AFFIX_BYTES)?;
        }
    }
    if let Some(longest) = model.get("max_input_chars_per_word")
        && longest.as_u64().is_none_or(|longest| longest > WORD)
    {
        return Err(format!("max_input_chars_per_word is {longest}, expected at most {WORD}"));
    }
    match model.get("vocab") {
        Some(Value::Array(pieces)) => prefix_tree(pieces),
        _ => Ok(()),
    }
}

/// The size of the tree of all tokens' beginnings, each of which is a node.
fn prefix_tree(pieces: &[Value]) -> Checked<()> {
    let mut tokens: Vec<&[u8]> =
        pieces.iter().filter_map(|piece| piece.get(0).and_then(Value::as_str)).map(str::as_bytes).collect();
    tokens.sort_unstable();
    let most = NODES.saturating_add(tokens.len().saturating_mul(NODES_A_TOKEN));
    let (mut nodes, mut before) = (0_usize, &[][..]);
    for token in tokens {
        let shared = token.iter().zip(before).take_while(|(a, b)| a == b).count();
        nodes = nodes.saturating_add(token.len() - shared);
        before = token;
    }
    if nodes > most {
        return Err(format!(
            "its {} tokens begin in {nodes} different ways, expected at most {most}: tokens are too long",
            pieces.len()
        ));
    }
    Ok(())
}
