//! Checks the token ids: they must be small and unique.

use super::limits::{CheckResult, MAX_TOKEN_BYTES, check_length, list};
use serde_json::Value;

/// Gaps that the ids may have, besides one per token. The crate iterates over all ids up to the largest, and a model
/// has an embedding for each.
const EXTRA_GAPS: u64 = 1 << 16;

/// The range of valid token ids.
pub(super) struct IdRange {
    tokens: u64,
    /// The largest valid id plus one.
    bound: u64,
}

impl IdRange {
    /// Checks all tokens of the vocabulary and all added tokens.
    pub fn new(document: &Value) -> CheckResult<Self> {
        let vocabulary = document.pointer("/model/vocab");
        let size = match vocabulary {
            Some(Value::Object(tokens)) => tokens.len(),
            Some(Value::Array(pieces)) => pieces.len(),
            _ => 0,
        };
        let added = list(document.get("added_tokens"));
        let tokens = (size + added.len()) as u64;
        let ids = Self { tokens, bound: tokens.saturating_mul(2).saturating_add(EXTRA_GAPS) };
        ids.check_vocabulary(vocabulary)?;
        for token in added {
            let content = token.get("content").and_then(Value::as_str).unwrap_or_default();
            if let Some(id) = token.get("id").and_then(Value::as_u64) {
                ids.check(content, id)?;
            }
        }
        Ok(ids)
    }

    /// Checks one id.
    pub fn check(&self, token: &str, id: u64) -> CheckResult<()> {
        if id < self.bound {
            return Ok(());
        }
        Err(format!(
            "the token {token:?} has the id {id}, expected less than {} for {} tokens; \
             number the tokens without gaps",
            self.bound, self.tokens
        ))
    }

    fn check_vocabulary(&self, vocabulary: Option<&Value>) -> CheckResult<()> {
        match vocabulary {
            Some(Value::Object(tokens)) => {
                let mut names = vec![None; usize::try_from(self.bound).unwrap_or_default()];
                for (token, id) in tokens {
                    check_length("a token", token, MAX_TOKEN_BYTES)?;
                    let Some(id) = id.as_u64() else { continue };
                    self.check(token, id)?;
                    let slot = usize::try_from(id).ok().and_then(|id| names.get_mut(id));
                    if let Some(other) = slot.and_then(|slot| slot.replace(token)) {
                        return Err(format!("the tokens {other:?} and {token:?} both have the id {id}"));
                    }
                }
                Ok(())
            }
            Some(Value::Array(pieces)) => pieces
                .iter()
                .filter_map(|piece| piece.get(0).and_then(Value::as_str))
                .try_for_each(|token| check_length("a token", token, MAX_TOKEN_BYTES)),
            _ => Ok(()),
        }
    }
}
