use crate::encode_rows::{EncodedRow, encode_rows};
use crate::{EncodeOptions, EncodeReport, Result, Tokenizer};

/// A tokenised text for supervised fine-tuning: the sequence is `prompt_ids + completion_ids`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedText {
    /// The prompt's ids; empty if the whole text is trained on.
    pub prompt_ids: Vec<i64>,
    /// The completion's ids; never empty.
    pub completion_ids: Vec<i64>,
    /// Index of the input row, from 0; for packed rows, the index of the packed row.
    pub row: usize,
}

/// Tokenised texts in input order, and a report.
#[derive(Debug, Clone)]
pub struct EncodedTexts {
    /// The texts that were kept.
    pub rows: Vec<EncodedText>,
    /// What was changed or dropped.
    pub report: EncodeReport,
}

/// Tokenises `(prompt, completion)` rows as TRL's `SFTTrainer` does, with the rules of
/// [`encode_pairs`](crate::encode_pairs). A text without a prompt has an empty prompt.
///
/// Rows whose prompt fills `max_length` are dropped, because no completion token is left; TRL keeps them.
///
/// # Errors
/// Those of [`encode_pairs`](crate::encode_pairs).
pub fn encode_texts<P: AsRef<str>, C: AsRef<str>>(
    tokenizer: &Tokenizer,
    rows: &[(P, C)],
    options: &EncodeOptions,
) -> Result<EncodedTexts> {
    let (encoded, report) = encode_rows(
        tokenizer,
        rows,
        |(prompt, completion): &(P, C)| (prompt.as_ref(), [completion.as_ref()]),
        options,
    )?;
    let rows = encoded.into_iter().map(|EncodedRow { prompt_ids, completions: [completion_ids], row }| EncodedText {
        prompt_ids,
        completion_ids,
        row,
    });
    Ok(EncodedTexts { rows: rows.collect(), report })
}
