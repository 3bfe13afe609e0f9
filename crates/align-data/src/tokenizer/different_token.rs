use super::Tokenizer;
use std::collections::BTreeSet;

/// An id that stands for different tokens in two tokenisers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DifferentToken {
    /// The smallest such id.
    pub id: i64,
    /// Its token in the one tokeniser, and in the other.
    pub tokens: [String; 2],
    /// The number of such ids.
    pub count: usize,
}

impl Tokenizer {
    /// Compares the tokens of two tokenisers. Ids that are added tokens in both may differ: a chat model often gives
    /// reserved tokens of its base model other names. So may ids that only one of them has.
    pub fn different_token(&self, other: &Self) -> Option<DifferentToken> {
        let ids: BTreeSet<u32> = self.ordinary_ids().chain(other.ordinary_ids()).collect();
        let mut different = ids.into_iter().filter_map(|id| {
            let tokens = [self.inner.id_to_token(id)?, other.inner.id_to_token(id)?];
            (tokens[0] != tokens[1]).then_some((id, tokens))
        });
        let (id, tokens) = different.next()?;
        Some(DifferentToken { id: i64::from(id), tokens, count: 1 + different.count() })
    }

    /// The ids of tokens that are not added ones.
    fn ordinary_ids(&self) -> impl Iterator<Item = u32> {
        let added = self.inner.get_added_tokens_decoder();
        self.inner.get_vocab(false).into_values().filter(move |id| !added.contains_key(id))
    }
}
