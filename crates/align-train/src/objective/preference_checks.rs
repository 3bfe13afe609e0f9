//! Checks for preferences without information: pairs of equal completions, completions with both labels, and numbers that are missing.

use super::{Row, Split};
use crate::{Error, Result};
use align_data::{EncodedPair, EncodedUnpairedPreference, PairNumber};
use std::collections::HashMap;

/// Warns about pairs whose completions are equal. Returns an error if all pairs are like that.
pub(crate) fn check_pairs_differ(split: Split, pairs: &[EncodedPair]) -> Result<()> {
    let equal = |pair: &&EncodedPair| pair.chosen_ids == pair.rejected_ids;
    let count = pairs.iter().filter(equal).count();
    let first = pairs.iter().find(equal).map_or(0, |pair| pair.row + 1);
    check(split, count, pairs.len(), first, "pairs have the same tokens as chosen and as rejected completion")
}

/// Checks that every pair has the numbers that the loss uses, and that the weights are not all 0.
pub(crate) fn check_numbers<R: Row>(split: Split, pairs: &[R], used: &[PairNumber]) -> Result<()> {
    let what = split.name();
    for number in used {
        let (name, option, expected) = (number.name(), number.option(), number.expected());
        let values = || pairs.iter().map(|pair| pair.numbers().get(*number));
        if let Some(at) = values().position(|value| !value.is_some_and(|value| number.is_valid(value))) {
            let row = pairs.get(at).map_or(0, |pair| pair.index() + 1);
            let found = values().nth(at).flatten().map_or_else(|| "none".to_owned(), PairNumber::found);
            return Err(Error::Data(format!(
                "{what} row {row}: option {option} needs {name}, expected {expected}, found {found}"
            )));
        }
        if *number == PairNumber::Weight
            && !pairs.is_empty()
            && values().all(|value| value.is_some_and(|weight| weight as f32 == 0.0))
        {
            return Err(Error::Data(format!(
                "the weights of all {what} rows are 0, so there is nothing to learn: give a row a weight above 0, or leave option {option} out"
            )));
        }
    }
    Ok(())
}

/// Warns about completions that are labelled both desirable and undesirable for the same prompt. Returns an error if all are like that.
pub(crate) fn check_labels_agree(split: Split, rows: &[EncodedUnpairedPreference]) -> Result<()> {
    let mut labels: HashMap<_, [bool; 2]> = HashMap::new();
    for row in rows {
        let [undesirable, desirable] = labels.entry(key(row)).or_default();
        if row.label { *desirable = true } else { *undesirable = true }
    }
    let both = |row: &&EncodedUnpairedPreference| labels.get(&key(row)) == Some(&[true, true]);
    let count = rows.iter().filter(both).count();
    let first = rows.iter().find(both).map_or(0, |row| row.row + 1);
    check(split, count, rows.len(), first, "completions are labelled desirable and undesirable for the same prompt")
}

fn key(row: &EncodedUnpairedPreference) -> (&[i64], &[i64]) {
    (&row.prompt_ids, &row.completion_ids)
}

fn check(split: Split, count: usize, all: usize, first: usize, problem: &str) -> Result<()> {
    let what = split.name();
    if count > 0 && count == all {
        return Err(Error::Data(format!(
            "all {all} {what} {problem}, so there is nothing to learn: use completions that differ, or increase max_length if it truncated \
             them to equal prefixes"
        )));
    }
    if count > 0 {
        tracing::warn!(
            "{count} of {all} {what} {problem}, the first in row {first}: training learns nothing from them"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn pair(row: usize, chosen: i64, rejected: i64) -> EncodedPair {
        EncodedPair {
            prompt_ids: vec![1],
            chosen_ids: vec![chosen],
            rejected_ids: vec![rejected],
            row,
            ..EncodedPair::default()
        }
    }

    fn unpaired(row: usize, prompt: i64, label: bool) -> EncodedUnpairedPreference {
        EncodedUnpairedPreference { prompt_ids: vec![prompt], completion_ids: vec![5], label, row }
    }

    #[test]
    fn pairs_are_rejected_if_none_differs() {
        let problem = check_pairs_differ(Split::Train, &[pair(0, 3, 3), pair(1, 4, 4)]).unwrap_err().to_string();
        for part in ["all 2 training pairs", "chosen", "rejected", "max_length"] {
            assert!(problem.contains(part), "{problem}");
        }
        check_pairs_differ(Split::Train, &[pair(0, 3, 3), pair(1, 4, 5)]).unwrap();
        check_pairs_differ(Split::Eval, &[]).unwrap();
    }

    #[test]
    fn completions_are_rejected_if_each_has_both_labels() {
        let rows = [unpaired(0, 1, true), unpaired(1, 2, false), unpaired(2, 1, false), unpaired(3, 2, true)];
        let problem = check_labels_agree(Split::Eval, &rows).unwrap_err().to_string();
        assert!(problem.contains("all 4 evaluation completions"), "{problem}");
        check_labels_agree(Split::Eval, &rows[..3]).unwrap();
        // The same completion may be good for one prompt and bad for another.
        check_labels_agree(Split::Train, &rows[..2]).unwrap();
    }
}
