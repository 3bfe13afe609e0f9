use crate::Failure;
use align_data::Tokenizer;

/// What stands for bytes that are no character, yet or at all.
const INCOMPLETE: char = '\u{fffd}';

/// The text of tokens as they come, whole characters only: one may be spread over several tokens. The tokenizers crate's
/// `DecodeStream` has no end: what stands behind the last whole character would be lost.
pub struct TextStream<'a> {
    tokenizer: &'a Tokenizer,
    /// Tokens from those of the last text that was given, which the next may need before it (for a space, say).
    ids: Vec<i64>,
    /// How many of them were given.
    given: usize,
}

impl<'a> TextStream<'a> {
    /// Nothing yet.
    pub fn new(tokenizer: &'a Tokenizer) -> Self {
        Self { tokenizer, ids: Vec::new(), given: 0 }
    }

    /// The text that these tokens complete.
    pub fn push(&mut self, ids: &[i64]) -> Result<String, Failure> {
        self.ids.extend(ids);
        let text = self.pending()?;
        if text.is_empty() || text.ends_with(INCOMPLETE) {
            return Ok(String::new());
        }
        self.ids.drain(..self.given);
        self.given = self.ids.len();
        Ok(text)
    }

    /// What is left at the end, where the last character is not whole.
    pub fn finish(self) -> Result<String, Failure> {
        self.pending()
    }

    fn pending(&self) -> Result<String, Failure> {
        let given = self.tokenizer.decode(&self.ids[..self.given], true)?;
        let all = self.tokenizer.decode(&self.ids, true)?;
        Ok(all.strip_prefix(&given).unwrap_or_default().to_owned())
    }
}
