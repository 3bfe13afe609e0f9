//! The ids of a tokeniser's tokens: few and small.

use super::limits::{Checked, TOKEN_BYTES, list, short};
use serde_json::Value;

/// How far beyond the number of tokens an id may be, apart from as many holes as there are tokens: the crate walks all ids
/// below the greatest, and a model has a row for each.
const SLACK: u64 = 1 << 16;

/// The ids that tokens may have.
pub(super) struct Ids {
    tokens: u64,
    /// One beyond the greatest.
    bound: u64,
}

impl Ids {
    /// Checks each token of the vocabulary and each added one.
    pub fn of(document: &Value) -> Checked<Self> {
        let vocabulary = document.pointer("/model/vocab");
        let size = match vocabulary {
            Some(Value::Object(tokens)) => tokens.len(),
            Some(Value::Array(pieces)) => pieces.len(),
            _ => 0,
        };
        let added = list(document.get("added_tokens"));
        let tokens = (size + added.len()) as u64;
        let ids = Self { tokens, bound: tokens.saturating_mul(2).saturating_add(SLACK) };
        ids.of_vocabulary(vocabulary)?;
        for token in added {
            let content = token.get("content").and_then(Value::as_str).unwrap_or_default();
            if let Some(id) = token.get("id").and_then(Value::as_u64) {
                ids.check(content, id)?;
            }
        }
        Ok(ids)
    }

    /// Whether a token may have this id.
    pub fn check(&self, token: &str, id: u64) -> Checked<()> {
        if id < self.bound {
            return Ok(());
        }
        Err(format!(
            "the token {token:?} has the id {id}, expected one below {}, as there are {} tokens: \
             number them without gaps",
            self.bound, self.tokens
        ))
    }

    fn of_vocabulary(&self, vocabulary: Option<&Value>) -> Checked<()> {
        match vocabulary {
            Some(Value::Object(tokens)) => {
                let mut names = vec![None; usize::try_from(self.bound).unwrap_or_default()];
                for (token, id) in tokens {
                    short("a token", token, TOKEN_BYTES)?;
                    let Some(id) = id.as_u64() else { continue };
                    self.check(token, id)?;
                    let place = usize::try_from(id).ok().and_then(|id| names.get_mut(id));
                    if let Some(other) = place.and_then(|place| place.replace(token)) {
                        return Err(format!("the tokens {other:?} and {token:?} both have the id {id}"));
                    }
                }
                Ok(())
            }
            Some(Value::Array(pieces)) => pieces
                .iter()
                .filter_map(|piece| piece.get(0).and_then(Value::as_str))
                .try_for_each(|token| short("a token", token, TOKEN_BYTES)),
            _ => Ok(()),
        }
    }
}
