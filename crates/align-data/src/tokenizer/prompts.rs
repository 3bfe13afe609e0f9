//! Tokenises prompts for generation and training.

use super::Tokenizer;
use crate::Result;

impl Tokenizer {
    /// Tokenises prompts to be continued: with the special tokens that the tokeniser adds before a text (BOS), without
    /// those that it adds after a text (EOS). Training on prompts with completions uses the same ids.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn encode_prompts<S: AsRef<str> + Sync>(&self, prompts: &[S]) -> Result<Vec<Vec<i64>>> {
        let mut ids = self.encode_batch(prompts, true, None)?;
        ids.iter_mut().for_each(|ids| self.strip_suffix_tokens(ids));
        Ok(ids)
    }

    /// Removes the special tokens that the tokeniser adds after a text.
    pub(crate) fn strip_suffix_tokens(&self, ids: &mut Vec<i64>) {
        if ids.ends_with(&self.suffix_ids) {
            ids.truncate(ids.len() - self.suffix_ids.len());
        }
    }

    /// Removes a duplicate EOS if the text ends with EOS and the tokeniser appends another one.
    pub(crate) fn dedup_eos(&self, ids: &mut Vec<i64>) {
        if let ([end], [.., before, last]) = (self.suffix_ids.as_slice(), ids.as_slice())
            && Some(*end) == self.eos_token_id()
            && before == end
            && last == end
        {
            ids.pop();
        }
    }
}
