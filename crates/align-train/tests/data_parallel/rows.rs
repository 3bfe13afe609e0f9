//! Rows of unlike length. The last batch of an epoch over them has fewer rows than there are processes.

use crate::models::VOCAB;
use align_data::{
    EncodedLabelledText, EncodedPair, EncodedRewardPair, EncodedText, EncodedUnpairedPreference, PairNumbers,
};
use align_train::objective::GroupPolicyRow;

/// Training rows: two batches of five and one of two.
pub const TRAIN: usize = 12;
/// Held-out rows.
pub const EVAL: usize = 7;

fn ids(count: usize, salt: usize) -> Vec<i64> {
    (0..count).map(|i| ((i * i * 7 + 13 * i + 29 * salt) as i64) % VOCAB).collect()
}

pub fn pairs(count: usize) -> Vec<EncodedPair> {
    let pair = |row: usize| EncodedPair {
        prompt_ids: ids(1 + row % 4, row),
        chosen_ids: ids(3 + row * 5 % 7, 100 + row),
        rejected_ids: ids(2 + row * 3 % 8, 200 + row),
        numbers: PairNumbers {
            chosen_probability: Some(0.6 + 0.02 * row as f64),
            margin: Some(0.1 + 0.1 * row as f64),
            weight: Some(0.5 + 0.1 * row as f64),
        },
        row,
    };
    (0..count).map(pair).collect()
}

pub fn unpaired(count: usize) -> Vec<EncodedUnpairedPreference> {
    let row = |row: usize| EncodedUnpairedPreference {
        prompt_ids: ids(1 + row % 4, row),
        completion_ids: ids(3 + row * 5 % 7, 100 + row),
        label: row % 3 != 1,
        row,
    };
    (0..count).map(row).collect()
}

pub fn texts(count: usize) -> Vec<EncodedText> {
    let text = |row: usize| EncodedText {
        prompt_ids: ids(row % 3, row),
        completion_ids: ids(2 + row * 5 % 17, 100 + row),
        row,
        ..EncodedText::default()
    };
    (0..count).map(text).collect()
}

/// Generated completions with advantages, of which some were cut off.
pub fn generated(count: usize, old: bool) -> Vec<GroupPolicyRow> {
    let row = |row: usize| {
        let completion = ids(3 + row * 5 % 7, 100 + row);
        let old_logps = (0..completion.len()).map(|t| -4.0 - 0.1 * ((row + 3 * t) % 7) as f32).collect();
        GroupPolicyRow {
            advantage: (row as f64 * 1.7).sin(),
            old_logps: old.then_some(old_logps),
            truncated: row % 4 == 1,
            ..GroupPolicyRow::new(ids(1 + row % 4, row / 3), completion, row)
        }
    };
    (0..count).map(row).collect()
}

pub fn labelled(count: usize) -> Vec<EncodedLabelledText> {
    let text = |row: usize| EncodedLabelledText { input_ids: ids(2 + row * 5 % 17, row), label: (row % 3) as i64, row };
    (0..count).map(text).collect()
}

pub fn reward_pairs(count: usize) -> Vec<EncodedRewardPair> {
    let pair = |pair: EncodedPair| EncodedRewardPair {
        chosen_ids: [pair.prompt_ids.as_slice(), &pair.chosen_ids].concat(),
        rejected_ids: [pair.prompt_ids.as_slice(), &pair.rejected_ids].concat(),
        numbers: pair.numbers,
        row: pair.row,
    };
    pairs(count).into_iter().map(pair).collect()
}
