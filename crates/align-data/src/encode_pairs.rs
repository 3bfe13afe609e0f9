use crate::encode_rows::{EncodedRow, encode_rows};
use crate::{EncodeOptions, EncodeReport, PreferencePair, Result, Tokenizer};

/// One preference pair as token ids: the sequences are `prompt_ids + chosen_ids` and `prompt_ids + rejected_ids`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedPair {
    /// The prompt's ids, shared by both sides.
    pub prompt_ids: Vec<i64>,
    /// The preferred completion's ids; never empty.
    pub chosen_ids: Vec<i64>,
    /// The other completion's ids; never empty.
    pub rejected_ids: Vec<i64>,
    /// The row of the input that the pair came from, counted from 0.
    pub row: usize,
}

/// Encoded pairs, in the input's order, and what happened on the way.
#[derive(Debug, Clone)]
pub struct EncodedPairs {
    /// The pairs that were kept.
    pub pairs: Vec<EncodedPair>,
    /// What was changed or left out.
    pub report: EncodeReport,
}

/// Tokenises preference pairs as TRL's `DPOTrainer` does.
///
/// Prompt, prompt + chosen and prompt + rejected are tokenised each as one string; the prompt's ids are the longest
/// prefix that all three share, and the completions are what follows it. Rows that truncation would leave without a
/// completion are dropped and reported, as are rows whose completion has nothing to predict.
///
/// # Errors
/// When the options are invalid, when EOS or BOS is to be added and the tokeniser has none, or when it refuses a text.
pub fn encode_pairs(tokenizer: &Tokenizer, pairs: &[PreferencePair], options: &EncodeOptions) -> Result<EncodedPairs> {
    let (rows, report) = encode_rows(
        tokenizer,
        pairs,
        |pair: &PreferencePair| (pair.prompt.as_str(), [pair.chosen.as_str(), pair.rejected.as_str()]),
        options,
    )?;
    let pairs = rows.into_iter().map(|EncodedRow { prompt_ids, completions: [chosen_ids, rejected_ids], row }| {
        EncodedPair { prompt_ids, chosen_ids, rejected_ids, row }
    });
    Ok(EncodedPairs { pairs: pairs.collect(), report })
}
