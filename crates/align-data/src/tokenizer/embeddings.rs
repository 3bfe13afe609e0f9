//! Whether a tokeniser's ids have embeddings in the model that it stands with.

use super::Tokenizer;
use crate::{Error, Result};
use tokenizers::ModelWrapper;

impl Tokenizer {
    /// Compares the tokeniser with a model of so many embeddings, and refuses texts whose ids lie beyond them from then on.
    ///
    /// A token that texts are split into must have an embedding. One that is only defined, as a padding token that nobody
    /// made room for, is told in the log: it comes up only where a text spells it. More embeddings than tokens are usual.
    ///
    /// # Errors
    /// When ids beyond the model's embeddings can come out of texts: the vocabulary is another model's.
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
        let used = beyond
            .iter()
            .find(|(id, token)| !added.contains_key(id) || self.around.contains(&i64::from(*id)) || special(token));
        let path = self.path.display();
        if let Some((id, token)) = used {
            return Err(Error::TokenizerFile {
                path: self.path.to_path_buf(),
                problem: format!(
                    "the tokeniser has ids up to {}, the model {limit} embeddings: texts can hold the token {token:?} \
                     (id {id}); take the tokeniser that the model was trained with",
                    self.ids_end - 1
                ),
            });
        }
        for (id, token) in beyond {
            tracing::warn!(
                folder = %path, token, id, embeddings = limit,
                "the tokeniser defines a token for which the model has no embedding; texts that spell it are refused"
            );
        }
        Ok(self)
    }

    /// How many embeddings a model needs for this tokeniser: one more than its largest id.
    pub fn embeddings_needed(&self) -> usize {
        usize::try_from(self.ids_end).unwrap_or(usize::MAX)
    }

    /// Refuses ids for which the model has no embedding.
    pub(super) fn checked(&self, ids: Vec<i64>) -> Result<Vec<i64>> {
        let Some(limit) = self.embeddings else { return Ok(ids) };
        match ids.iter().find(|id| **id >= i64::from(limit)) {
            None => Ok(ids),
            Some(id) => Err(Error::Tokenizer(format!(
                "a text holds the token {:?} (id {id}), for which the model has no embedding (it has {limit}); take it out \
                 of the text, or give the model room for it",
                self.id_to_token(*id).unwrap_or_default()
            ))),
        }
    }
}
