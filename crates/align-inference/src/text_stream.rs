use crate::Result;
use align_data::Tokenizer;

/// The replacement character: what the tokeniser decodes an incomplete or invalid character to.
const REPLACEMENT: char = '\u{fffd}';

/// Decodes tokens one by one and yields complete characters only, since a character may span several tokens. The tokenizers crate's
/// `DecodeStream` cannot be finished: text after the last complete character would be lost.
#[derive(Debug)]
pub struct TextStream<'a> {
    tokenizer: &'a Tokenizer,
    /// The tokens of the last text returned, which the next may need as context (for a space, for example), and those after it.
    ids: Vec<i64>,
    /// How many of these tokens were already returned as text.
    returned: usize,
}

impl<'a> TextStream<'a> {
    /// An empty stream.
    #[must_use]
    pub fn new(tokenizer: &'a Tokenizer) -> Self {
        Self { tokenizer, ids: Vec::new(), returned: 0 }
    }

    /// Adds tokens and returns the text that they complete.
    ///
    /// # Errors
    /// Ids that the tokeniser cannot decode.
    pub fn push(&mut self, ids: &[i64]) -> Result<String> {
        self.ids.extend(ids);
        let text = self.pending()?;
        if text.is_empty() || text.ends_with(REPLACEMENT) {
            return Ok(String::new());
        }
        self.ids.drain(..self.returned);
        self.returned = self.ids.len();
        Ok(text)
    }

    /// The remaining text, if the last character is incomplete.
    ///
    /// # Errors
    /// Ids that the tokeniser cannot decode.
    pub fn finish(self) -> Result<String> {
        self.pending()
    }

    fn pending(&self) -> Result<String> {
        let returned = self.tokenizer.decode(self.ids.get(..self.returned).unwrap_or_default(), true)?;
        let all = self.tokenizer.decode(&self.ids, true)?;
        Ok(all.strip_prefix(&returned).unwrap_or_default().to_owned())
    }
}
