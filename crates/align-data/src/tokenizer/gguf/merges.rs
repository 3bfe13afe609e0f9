//! Merges of SentencePiece vocabularies, whose files have only scores.

use super::vocabulary::{BYTE, CONTROL, UNKNOWN, Vocabulary};
use serde_json::{Value, json};

/// Longest token that is split, in bytes. SentencePiece makes shorter ones.
const LONGEST: usize = 512;

/// The merges that tokenise as SentencePiece does: each pair of tokens that make a token, those of the highest score first. This is how
/// transformers converts such a tokeniser.
pub(super) fn from_scores(vocabulary: &Vocabulary, scores: &[f32]) -> Result<Vec<Value>, String> {
    if scores.len() < vocabulary.tokens.len() {
        return Err(format!("has {} tokens, but {} scores", vocabulary.tokens.len(), scores.len()));
    }
    let is_merged = |kind: i32| ![CONTROL, BYTE, UNKNOWN].contains(&kind);
    let part = |text: &str| {
        let id = vocabulary.ids.get(text)?;
        vocabulary.kinds.get(*id).copied().filter(|kind| is_merged(*kind)).map(|_| *id)
    };
    let mut merges: Vec<(f32, usize, usize)> = Vec::new();
    for ((_, token, kind), score) in vocabulary.iter().zip(scores) {
        if !is_merged(kind) || token.len() > LONGEST {
            continue;
        }
        let start = merges.len();
        for (at, _) in token.char_indices().skip(1) {
            let (left, right) = token.split_at(at);
            merges.extend(part(left).zip(part(right)).map(|(left, right)| (*score, left, right)));
        }
        if let Some(own) = merges.get_mut(start..) {
            own.sort_by_key(|(_, left, right)| (*left, *right));
        }
    }
    merges.sort_by(|(one, ..), (other, ..)| other.total_cmp(one));
    let text = |id: &usize| vocabulary.tokens.get(*id).map(String::as_str).unwrap_or_default();
    Ok(merges.iter().map(|(_, left, right)| json!([text(left), text(right)])).collect())
}

/// The scores of tokens whose merges are known: those of the first merge come first. Other tokens have the lowest score.
pub(super) fn to_scores<'a>(tokens: &[String], merged: impl Iterator<Item = &'a str>) -> Vec<f32> {
    let mut ranks = std::collections::HashMap::new();
    for (rank, token) in merged.enumerate() {
        ranks.entry(token).or_insert(rank);
    }
    let lowest = -(ranks.len() as f32) - 1.0;
    tokens.iter().map(|token| ranks.get(token.as_str()).map_or(lowest, |rank| -(*rank as f32))).collect()
}
