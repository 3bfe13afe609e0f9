use crate::encode_rows::{RowEncoder, RowIds, common_prefix};
use crate::{EncodeOptions, Error, PromptedRow, Result, Tokenizer};

/// A tokenised prompt and completion; the sequence is `prompt_ids + completion_ids`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedCompletion {
    /// The prompt's ids.
    pub prompt_ids: Vec<i64>,
    /// The completion's ids, including EOS if it was appended.
    pub completion_ids: Vec<i64>,
}

/// Tokenises rows with one completion with the rules of [`encode_pairs`](crate::encode_pairs), without truncation.
///
/// `append_eos` appends EOS to each plain completion unless the text or the tokeniser already does.
///
/// # Errors
/// When EOS must be appended and the tokeniser has none, a text cannot be tokenised, or the chat template refuses a
/// conversation.
pub fn encode_completions<R: PromptedRow<1>>(
    tokenizer: &Tokenizer,
    rows: &[R],
    append_eos: bool,
) -> Result<Vec<EncodedCompletion>> {
    let options = EncodeOptions { append_eos, strip_prompt: false, ..EncodeOptions::default() };
    let mut encoder = RowEncoder::new(tokenizer, rows, &options)?;
    let encoded = encoder.tokenise(0, rows)?;
    if let (Some(row), Some(reason)) = (encoder.report.dropped_by_template.first(), &encoder.report.template_refusal) {
        let problems = format!("the chat template refuses row {}: {reason}", row + 1);
        return Err(Error::InvalidRows { problems, report: None });
    }
    let split = |RowIds { prompt, sequences, .. }: RowIds| {
        let mut prompt_ids = sequences.into_iter().next().unwrap_or_default();
        let completion_ids = prompt_ids.split_off(common_prefix(&prompt, &prompt_ids));
        EncodedCompletion { prompt_ids, completion_ids }
    };
    Ok(encoded.into_iter().map(|(_, ids)| split(ids)).collect())
}
