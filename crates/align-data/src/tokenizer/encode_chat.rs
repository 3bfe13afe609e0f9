//! Tokenises rendered conversations.

use super::{Tokenizer, ids_of, tokenizer_error};
use crate::Result;
use crate::chat::RenderedChat;
use tokenizers::Encoding;

/// The tokens of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedChat {
    /// The token ids.
    pub ids: Vec<i64>,
    /// Whether the assistant said the token, as far as the chat template marks it with `{% generation %}`.
    pub assistant_mask: Vec<bool>,
}

impl Tokenizer {
    /// Tokenises a conversation. No special tokens are added, since the chat template writes those that belong to it.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn encode_chat(&self, chat: &RenderedChat) -> Result<EncodedChat> {
        let encoding = self.inner.encode(&chat.text, false).map_err(tokenizer_error)?;
        let ids = self.check_embeddings(ids_of(&encoding))?;
        let mut assistant_mask = vec![false; ids.len()];
        for span in &chat.assistant_spans {
            // As in transformers, spans end with the first one whose beginning no token covers.
            let Some(first) = encoding.char_to_token(span.start, 0) else { break };
            let end = end_token(&encoding, &chat.text, span.end).unwrap_or(ids.len());
            assistant_mask.get_mut(first..end).unwrap_or_default().fill(true);
        }
        Ok(EncodedChat { ids, assistant_mask })
    }
}

/// The token behind the one that covers the last character before a position. `None` if no token covers it, or the first
/// one, which transformers does not tell apart.
fn end_token(encoding: &Encoding, text: &str, end: usize) -> Option<usize> {
    let last = text.get(..end)?.chars().next_back()?;
    encoding.char_to_token(end - last.len_utf8(), 0).filter(|token| *token > 0).map(|token| token + 1)
}
