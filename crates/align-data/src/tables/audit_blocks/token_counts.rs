//! Token counts of rows, by the rules of training.

use crate::encode_rows::RowEncoder;
use crate::{EncodeOptions, InvalidRows, PromptedRow, Result, Tokenizer};
use align_audit::{Check, NumberedRow, TokenCounts};

/// Counts the tokens of rows as training would tokenise them.
#[derive(Debug)]
pub struct TokenCounter<'a> {
    tokenizer: &'a Tokenizer,
    options: EncodeOptions,
    limit: usize,
}

impl<'a> TokenCounter<'a> {
    /// Counts with a tokeniser and its chat template. Training keeps at most `limit` tokens of a prompt and an answer.
    #[must_use]
    pub fn new(tokenizer: &'a Tokenizer, limit: usize) -> Self {
        let options =
            EncodeOptions { max_length: None, invalid_rows: InvalidRows::KeepEqual, ..EncodeOptions::default() };
        Self { tokenizer, options, limit }
    }

    /// Sets the token counts of `rows`, which are what the checks see of `examples`.
    pub(super) fn count<R: PromptedRow<N>, const N: usize>(
        &self,
        examples: &[R],
        rows: &mut [NumberedRow],
    ) -> Result<()> {
        let mut encoder = RowEncoder::new(self.tokenizer, examples, &self.options)?;
        let bos = self.tokenizer.bos_token_id();
        for (at, ids) in encoder.tokenise(0, examples)? {
            let Some(numbered) = rows.get_mut(at) else { continue };
            let first = ids.sequences.first().map(Vec::as_slice).unwrap_or_default();
            numbered.row.tokens = Some(TokenCounts {
                prompt: ids.prompt.len(),
                longest: ids.sequences.iter().map(Vec::len).max().unwrap_or_default(),
                limit: self.limit,
                doubled_bos: bos.is_some() && first.first().copied() == bos && first.get(1).copied() == bos,
            });
        }
        for at in &encoder.report.dropped_by_template {
            if let Some(numbered) = rows.get_mut(*at) {
                numbered.row.noted.set(Check::Refused, true);
            }
        }
        Ok(())
    }
}
