use crate::encode_rows::{RowEncoder, RowIds};
use crate::{EncodeOptions, EncodeReport, PairNumbers, PairRow, Result, RewardRow, Tokenizer};

/// The two whole texts of a preference pair, as a reward model reads them.
#[derive(Debug, Clone, PartialEq)]
pub struct EncodedRewardPair {
    /// The ids of the prompt with the chosen completion.
    pub chosen_ids: Vec<i64>,
    /// The ids of the prompt with the rejected completion.
    pub rejected_ids: Vec<i64>,
    /// The pair's own numbers. The margin, if there is one, is by how much the rewards are to differ.
    pub numbers: PairNumbers,
    /// Index of the input row, from 0.
    pub row: usize,
}

/// Tokenised pairs in input order, and a report.
#[derive(Debug, Clone)]
pub struct EncodedRewardPairs {
    /// The pairs that were kept.
    pub pairs: Vec<EncodedRewardPair>,
    /// What was dropped.
    pub report: EncodeReport,
}

/// Tokenises preference pairs as TRL's `RewardTrainer` does: with EOS after plain texts, and with nothing added to
/// conversations. The row's margin and the numbers in [`EncodeOptions::pair_numbers`] are kept. Pairs with a text of more than `max_length` tokens
/// are dropped, not truncated.
///
/// # Errors
/// Those of [`encode_pairs`](crate::encode_pairs).
pub fn encode_reward_pairs<R: RewardRow>(
    tokenizer: &Tokenizer,
    pairs: &[R],
    options: &EncodeOptions,
) -> Result<EncodedRewardPairs> {
    options.validate()?;
    options.refuse_text_options()?;
    let mut encoder = RowEncoder::new(tokenizer, pairs, options)?;
    let encoded = encoder.tokenise(0, pairs)?;
    let mut report = encoder.report;
    let limit = options.max_length.unwrap_or(usize::MAX);
    let mut kept = Vec::with_capacity(encoded.len());
    for (row, RowIds { sequences, .. }) in encoded {
        let mut sequences = sequences.into_iter();
        let (chosen_ids, rejected_ids) = (sequences.next().unwrap_or_default(), sequences.next().unwrap_or_default());
        if chosen_ids.len().max(rejected_ids.len()) > limit {
            report.dropped_long_texts.push(row);
        } else if chosen_ids.is_empty() || rejected_ids.is_empty() {
            report.dropped_empty_completions.push(row);
        } else if chosen_ids == rejected_ids && options.drops_equal_pairs() {
            report.dropped_equal_pairs.push(row);
        } else {
            let margin = pairs.get(row).and_then(RewardRow::margin);
            let numbers = pairs.get(row).map(PairRow::numbers).unwrap_or_default().only(&options.pair_numbers);
            let numbers = PairNumbers { margin, ..numbers };
            kept.push(EncodedRewardPair { chosen_ids, rejected_ids, numbers, row });
        }
    }
    options.invalid_rows.check(&report)?;
    Ok(EncodedRewardPairs { pairs: kept, report })
}
