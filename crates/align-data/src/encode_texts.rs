use crate::encode_rows::{EncodedRow, encode_rows};
use crate::{EncodeOptions, EncodeReport, Result, Tokenizer};

/// A text to fine-tune on as token ids: the sequence is `prompt_ids + completion_ids`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedText {
    /// The prompt's ids; none where the whole text is learnt.
    pub prompt_ids: Vec<i64>,
    /// The completion's ids; never empty.
    pub completion_ids: Vec<i64>,
    /// The row of the input that it came from, counted from 0; of packed rows the number of the row itself.
    pub row: usize,
}

/// Encoded texts, in the input's order, and what happened on the way.
#[derive(Debug, Clone)]
pub struct EncodedTexts {
    /// The texts that were kept.
    pub rows: Vec<EncodedText>,
    /// What was changed or left out.
    pub report: EncodeReport,
}

/// Tokenises `(prompt, completion)` rows as TRL's `SFTTrainer` does, by the rules of [`encode_pairs`](crate::encode_pairs); a
/// text without a prompt has an empty one.
///
/// A row that TRL would keep although nothing of it can be learnt, since its prompt fills `max_length`, is left out.
///
/// # Errors
/// As [`encode_pairs`](crate::encode_pairs).
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
