use crate::encode_rows::{EncodedRow, encode_rows};
use crate::{EncodeOptions, EncodeReport, InvalidRows, LabelledRow, Result, Tokenizer};

/// A tokenised completion with a label: the sequence is `prompt_ids + completion_ids`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedUnpairedPreference {
    /// The prompt's ids.
    pub prompt_ids: Vec<i64>,
    /// The completion's ids; never empty.
    pub completion_ids: Vec<i64>,
    /// Whether the completion is desirable.
    pub label: bool,
    /// Index of the input row, from 0; of its pair, if rows are sides of pairs.
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
/// Rows that are sides of preference pairs ([`UnpairedPreference::from_pairs`](crate::UnpairedPreference::from_pairs))
/// have the number of their pair. Pairs of equal sides, which are desirable and undesirable alike, are dropped.
///
/// # Errors
/// Those of [`encode_pairs`](crate::encode_pairs).
pub fn encode_unpaired<R: LabelledRow>(
    tokenizer: &Tokenizer,
    rows: &[R],
    options: &EncodeOptions,
) -> Result<EncodedUnpairedPreferences> {
    options.refuse_text_options()?;
    // Rows can be refused once their pairs are known.
    let unchecked = EncodeOptions { invalid_rows: InvalidRows::KeepEqual, ..options.clone() };
    let (encoded, mut report) = encode_rows(tokenizer, rows, &unchecked)?;
    let numbers = pair_numbers(rows);
    let number = |row: usize| numbers.get(row).copied().unwrap_or(row);
    report.sides_of_pairs = rows.iter().any(LabelledRow::is_from_pair);
    for dropped in
        [&mut report.dropped_long_prompts, &mut report.dropped_empty_completions, &mut report.dropped_by_template]
    {
        dropped.iter_mut().for_each(|row| *row = number(*row));
    }
    let encoded = without_equal_pairs(encoded, rows, &numbers, options, &mut report);
    options.invalid_rows.check(&report)?;
    let label = |row: usize| rows.get(row).is_some_and(LabelledRow::label);
    let rows = encoded.into_iter().map(|EncodedRow { prompt_ids, completions: [completion_ids], row, .. }| {
        EncodedUnpairedPreference { prompt_ids, completion_ids, label: label(row), row: number(row) }
    });
    Ok(EncodedUnpairedPreferences { rows: rows.collect(), report })
}

/// The number of each row, from 0. Both sides of a pair have the same.
fn pair_numbers<R: LabelledRow>(rows: &[R]) -> Vec<usize> {
    let mut numbers = Vec::with_capacity(rows.len());
    let (mut next, mut chosen_before) = (0, false);
    for row in rows {
        let is_second = chosen_before && row.is_from_pair() && !row.label();
        next += usize::from(!is_second);
        chosen_before = row.is_from_pair() && row.label();
        numbers.push(next - 1);
    }
    numbers
}

/// Removes the pairs whose sides are equal, unless they are kept.
fn without_equal_pairs<R: LabelledRow>(
    encoded: Vec<EncodedRow<1>>,
    rows: &[R],
    numbers: &[usize],
    options: &EncodeOptions,
    report: &mut EncodeReport,
) -> Vec<EncodedRow<1>> {
    let mut kept: Vec<EncodedRow<1>> = Vec::with_capacity(encoded.len());
    for row in encoded {
        let number = numbers.get(row.row);
        let other = kept.last().filter(|before| numbers.get(before.row) == number && is_equal(before, &row));
        match (other, number) {
            (Some(other), Some(number)) if is_whole(&row, options) || same_text(rows, other.row, row.row) => {
                if options.drops_equal_pairs() {
                    kept.pop();
                    report.dropped_equal_pairs.extend([*number; 2]);
                    continue;
                }
                report.equal_pairs.push(*number);
            }
            (Some(_), _) => report.equal_after_truncation += 1,
            (None, _) => {}
        }
        kept.push(row);
    }
    kept
}

fn is_equal(a: &EncodedRow<1>, b: &EncodedRow<1>) -> bool {
    a.prompt_ids == b.prompt_ids && a.completions == b.completions
}

/// Whether a row was certainly not truncated.
fn is_whole(row: &EncodedRow<1>, options: &EncodeOptions) -> bool {
    let [completion] = &row.completions;
    options.max_length.is_none_or(|limit| row.prompt_ids.len() + completion.len() < limit)
}

fn same_text<R: LabelledRow>(rows: &[R], a: usize, b: usize) -> bool {
    rows.get(a).zip(rows.get(b)).is_some_and(|(a, b)| a.parts() == b.parts())
}
