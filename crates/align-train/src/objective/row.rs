use crate::{Error, Result};
use align_data::streaming::RowStatistics;
use align_data::{
    EncodedLabelledText, EncodedPair, EncodedRewardPair, EncodedText, EncodedUnpairedPreference, PairNumbers,
};
use align_models::CausalLm;

/// A tokenised row of training data: a prompt and its completions.
pub trait Row {
    /// The index of the input row that it came from, counted from 0.
    fn index(&self) -> usize;

    /// The token ids of the prompt.
    fn prompt_ids(&self) -> &[i64];

    /// The name (such as `chosen`) and the token ids of each completion.
    fn completions(&self) -> Vec<(&'static str, &[i64])>;

    /// The class label, if the row has one.
    fn label(&self) -> Option<i64> {
        None
    }

    /// The pair's own numbers, if it has some.
    fn numbers(&self) -> PairNumbers {
        PairNumbers::default()
    }

    /// Which tokens of the sequence are trained on, if the row says so.
    fn loss_mask(&self) -> Option<&[bool]> {
        None
    }

    /// What training uses of the row besides its tokens, mask, label and numbers, as bytes: a part of the digest of the rows.
    fn other_bytes(&self) -> Vec<u8> {
        Vec::new()
    }

    /// The number of tokens of the prompt and all completions.
    fn distinct_tokens(&self) -> usize {
        self.prompt_ids().len() + self.completions().iter().map(|(_, ids)| ids.len()).sum::<usize>()
    }

    /// The number of tokens of the longest sequence: the prompt with its longest completion.
    fn max_sequence_tokens(&self) -> usize {
        self.prompt_ids().len() + self.completions().iter().map(|(_, ids)| ids.len()).max().unwrap_or(0)
    }
}

impl Row for EncodedPair {
    fn index(&self) -> usize {
        self.row
    }

    fn prompt_ids(&self) -> &[i64] {
        &self.prompt_ids
    }

    fn completions(&self) -> Vec<(&'static str, &[i64])> {
        vec![("chosen", &self.chosen_ids), ("rejected", &self.rejected_ids)]
    }

    fn numbers(&self) -> PairNumbers {
        self.numbers
    }
}

impl Row for EncodedRewardPair {
    fn index(&self) -> usize {
        self.row
    }

    fn prompt_ids(&self) -> &[i64] {
        &[]
    }

    fn completions(&self) -> Vec<(&'static str, &[i64])> {
        vec![("chosen", &self.chosen_ids), ("rejected", &self.rejected_ids)]
    }

    fn numbers(&self) -> PairNumbers {
        self.numbers
    }
}

impl Row for EncodedUnpairedPreference {
    fn index(&self) -> usize {
        self.row
    }

    fn prompt_ids(&self) -> &[i64] {
        &self.prompt_ids
    }

    fn completions(&self) -> Vec<(&'static str, &[i64])> {
        vec![(if self.label { "desirable" } else { "undesirable" }, &self.completion_ids)]
    }
}

impl Row for EncodedText {
    fn index(&self) -> usize {
        self.row
    }

    fn prompt_ids(&self) -> &[i64] {
        &self.prompt_ids
    }

    fn completions(&self) -> Vec<(&'static str, &[i64])> {
        vec![("text", &self.completion_ids)]
    }

    fn loss_mask(&self) -> Option<&[bool]> {
        self.assistant_mask.as_deref()
    }
}

impl Row for EncodedLabelledText {
    fn index(&self) -> usize {
        self.row
    }

    fn prompt_ids(&self) -> &[i64] {
        &[]
    }

    fn completions(&self) -> Vec<(&'static str, &[i64])> {
        vec![("text", &self.input_ids)]
    }

    fn label(&self) -> Option<i64> {
        Some(self.label)
    }
}

/// Checks that a model can process the rows.
pub(crate) fn check_rows<R: Row>(rows: &[R], model: &dyn CausalLm, what: &str) -> Result<()> {
    let (vocab, max_tokens) = (model.vocab_size(), model.max_position_embeddings());
    for item in rows {
        let (row, prompt) = (item.index() + 1, item.prompt_ids());
        for (side, ids) in item.completions() {
            let length = prompt.len() + ids.len();
            if length as i64 > max_tokens {
                return Err(Error::Data(format!(
                    "{what} row {row} has {length} tokens, but the model takes at most {max_tokens}: set max_length to {max_tokens} or less"
                )));
            }
            for (part, ids) in [("prompt", prompt), (side, ids)] {
                if let Some(id) = ids.iter().find(|id| !(0..vocab).contains(*id)) {
                    return Err(Error::Data(format!(
                        "{what} row {row}, {part}: token id {id} is outside the model's vocabulary of {vocab}: use the model's own tokeniser"
                    )));
                }
            }
            // No position predicts the first token of a sequence.
            if ids.len() + prompt.len().min(1) < 2 {
                return Err(Error::Data(format!("{what} row {row}: the {side} completion has no token to learn from")));
            }
        }
    }
    Ok(())
}

/// Checks that a model with these limits can process streamed rows.
pub(crate) fn check_statistics(rows: RowStatistics, vocab: i64, max_tokens: i64) -> Result<()> {
    let (longest, id) = (rows.longest, rows.largest_id);
    if longest as i64 > max_tokens {
        return Err(Error::Data(format!(
            "the longest training row has {longest} tokens, but the model takes at most {max_tokens}: set max_length to {max_tokens} or less"
        )));
    }
    if id >= vocab {
        return Err(Error::Data(format!(
            "the training rows have the token id {id}, which is outside the model's vocabulary of {vocab}: use the model's own tokeniser"
        )));
    }
    Ok(())
}

/// The token id for padding batches. Padding is masked everywhere, so any id of the vocabulary works.
pub(crate) fn padding_id(model: &dyn CausalLm) -> i64 {
    model.eos_token_ids().first().copied().unwrap_or(0)
}
