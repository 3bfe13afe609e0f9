use crate::encode_rows::{EncodedRow, encode_rows};
use crate::{EncodeOptions, EncodeReport, LabelledRow, Result, Tokenizer};

/// A tokenised completion with a label: the sequence is `prompt_ids + completion_ids`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedUnpairedPreference {
    /// The prompt's ids.
    pub prompt_ids: Vec<i64>,
    /// The completion's ids; never empty.
    pub completion_ids: Vec<i64>,
    /// Whether the completion is desirable.
    pub label: bool,
    /// Index of the input row, from 0.
    pub row: usize,
}

/// Tokenised completions in input order, and a report.
#[derive(Debug, Clone)]
pub struct EncodedUnpairedPreferences {
    /// The completions that were kept.
    pub rows: Vec<EncodedUnpairedPreference>,
    /// What was changed or dropped.
    pub report: EncodeReport,
}

/// Tokenises unpaired preferences as TRL's `KTOTrainer` does, with the rules of [`encode_pairs`](crate::encode_pairs).
///
/// # Errors
/// Those of [`encode_pairs`](crate::encode_pairs).
pub fn encode_unpaired<R: LabelledRow>(
    tokenizer: &Tokenizer,
    rows: &[R],
    options: &EncodeOptions,
) -> Result<EncodedUnpairedPreferences> {
    options.refuse_text_options()?;
    let (encoded, report) = encode_rows(tokenizer, rows, options)?;
    let label = |row: usize| rows.get(row).is_some_and(LabelledRow::label);
    let rows = encoded.into_iter().map(|EncodedRow { prompt_ids, completions: [completion_ids], row, .. }| {
        EncodedUnpairedPreference { prompt_ids, completion_ids, label: label(row), row }
    });
    Ok(EncodedUnpairedPreferences { rows: rows.collect(), report })
}
