//! What the ids of a prompt are: the one place that says it.

use super::Tokenizer;
use crate::Result;

impl Tokenizer {
    /// The ids of prompts that a model is to go on from: with the tokens that the tokeniser puts before a text (BOS), without
    /// those that it puts behind one (EOS), as a completion comes next. Training on prompt and completion sees the same ids.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn encode_prompts<S: AsRef<str> + Sync>(&self, prompts: &[S]) -> Result<Vec<Vec<i64>>> {
        let mut ids = self.encode_batch(prompts, true, None)?;
        ids.iter_mut().for_each(|ids| self.without_end(ids));
        Ok(ids)
    }

    /// Takes off what the tokeniser itself put behind a text.
    pub(crate) fn without_end(&self, ids: &mut Vec<i64>) {
        if ids.ends_with(&self.behind) {
            ids.truncate(ids.len() - self.behind.len());
        }
    }

    /// Leaves one EOS where a text ends with it and the tokeniser puts another one behind each text.
    pub(crate) fn ended_once(&self, ids: &mut Vec<i64>) {
        if let ([end], [.., before, last]) = (self.behind.as_slice(), ids.as_slice())
            && Some(*end) == self.eos_token_id()
            && before == end
            && last == end
        {
            ids.pop();
        }
    }
}
