use crate::encode_rows::{EncodedRow, encode_rows};
use crate::{EncodeOptions, EncodeReport, PairNumbers, PairRow, Result, Tokenizer};

/// A tokenised preference pair: the sequences are `prompt_ids + chosen_ids` and `prompt_ids + rejected_ids`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EncodedPair {
    /// The prompt's ids, shared by both completions.
    pub prompt_ids: Vec<i64>,
    /// The chosen completion's ids; never empty.
    pub chosen_ids: Vec<i64>,
    /// The rejected completion's ids; never empty.
    pub rejected_ids: Vec<i64>,
    /// Index of the input row, from 0.
    pub row: usize,
    /// The pair's own numbers.
    pub numbers: PairNumbers,
}

/// Tokenised pairs in input order, and a report.
#[derive(Debug, Clone)]
pub struct EncodedPairs {
    /// The pairs that were kept.
    pub pairs: Vec<EncodedPair>,
    /// What was changed or dropped.
    pub report: EncodeReport,
}

/// Tokenises preference pairs as TRL's `DPOTrainer` does.
///
/// Prompt, prompt + chosen and prompt + rejected are each tokenised as one string. The prompt's ids are the longest
/// common prefix of the three, and the completions are the rest. Rows without a completion token, whose prompt leaves
/// no room for one within `max_length`, or whose two sides are equal, are dropped and reported.
///
/// [`ConversationPair`](crate::ConversationPair)s are rendered with the tokeniser's chat template: the prompt with the
/// header of the assistant's turn, and the prompt with each side. No special tokens are added to them.
///
/// The numbers in [`EncodeOptions::pair_numbers`] are kept.
///
/// # Errors
/// When an option is invalid, EOS or BOS must be added and the tokeniser has none, or a text cannot be tokenised.
pub fn encode_pairs<R: PairRow>(tokenizer: &Tokenizer, pairs: &[R], options: &EncodeOptions) -> Result<EncodedPairs> {
    options.refuse_text_options()?;
    let (rows, report) = encode_rows(tokenizer, pairs, options)?;
    let numbers = |row: usize| pairs.get(row).map(PairRow::numbers).unwrap_or_default().only(&options.pair_numbers);
    let encoded =
        rows.into_iter().map(|EncodedRow { prompt_ids, completions: [chosen_ids, rejected_ids], row, .. }| {
            EncodedPair { prompt_ids, chosen_ids, rejected_ids, row, numbers: numbers(row) }
        });
    Ok(EncodedPairs { pairs: encoded.collect(), report })
}
