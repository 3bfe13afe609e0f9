//! Compares a tokeniser with the number of the model's embeddings.

use super::Tokenizer;
use crate::{Error, Result};
use tokenizers::ModelWrapper;

impl Tokenizer {
    /// Sets the number of the model's embeddings. Encoding then rejects texts with ids beyond them.
    ///
    /// A token that can result from splitting a text must have an embedding. An added token without one, such as an
    /// unused padding token, is only logged, because it occurs only in texts that contain its name. A model may have
    /// more embeddings than the tokeniser has tokens.
    ///
    /// # Errors
    /// When encoding can produce ids beyond the model's embeddings: the tokeniser belongs to another model.
    pub fn for_embeddings(mut self, embeddings: i64) -> Result<Self> {
        let limit = u32::try_from(embeddings).unwrap_or(u32::MAX);
        self.embeddings = Some(limit);
        if self.ids_end <= u64::from(limit) {
            return Ok(self);
        }
        let added = self.inner.get_added_tokens_decoder();
        let mut beyond: Vec<(u32, String)> = self
            .inner
            .get_vocab(true)
            .into_iter()
            .filter(|(_, id)| *id >= limit)
            .map(|(token, id)| (id, token))
            .collect();
        beyond.sort_unstable();
        let special = |token: &String| {
            let needs_unk = !matches!(self.inner.get_model(), ModelWrapper::BPE(bpe) if bpe.unk_token.is_none());
            self.special.eos.as_ref() == Some(token) || (needs_unk && self.special.unk.as_ref() == Some(token))
        };
        let used = beyond.iter().find(|(id, token)| {
            !added.contains_key(id) || self.special_ids.contains(&i64::from(*id)) || special(token)
        });
        let path = self.path.display();
        if let Some((id, token)) = used {
            return Err(Error::TokenizerFile {
                path: self.path.to_path_buf(),
                problem: format!(
                    "the tokeniser has ids up to {}, the model has {limit} embeddings: texts can contain the token \
                     {token:?} (id {id}); use the tokeniser that the model was trained with",
                    self.ids_end - 1
                ),
            });
        }
        for (id, token) in beyond {
            tracing::warn!(
                folder = %path, token, id, embeddings = limit,
                "the tokeniser defines a token for which the model has no embedding; texts that contain it are rejected"
            );
        }
        Ok(self)
    }

    /// The number of embeddings that a model needs for this tokeniser: its largest id plus one.
    pub fn embeddings_needed(&self) -> usize {
        usize::try_from(self.ids_end).unwrap_or(usize::MAX)
    }

    /// Rejects ids without an embedding.
    pub(super) fn check_embeddings(&self, ids: Vec<i64>) -> Result<Vec<i64>> {
        let Some(limit) = self.embeddings else { return Ok(ids) };
        match ids.iter().find(|id| **id >= i64::from(limit)) {
            None => Ok(ids),
            Some(id) => Err(Error::Tokenizer(format!(
                "a text contains the token {:?} (id {id}), but the model has only {limit} embeddings; remove it from \
                 the text, or resize the model's embeddings",
                self.id_to_token(*id).unwrap_or_default()
            ))),
        }
    }
}
