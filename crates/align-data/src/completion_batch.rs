use crate::padding::{matrix, width_of};
use crate::{EncodedPair, Result};
use tch::{Device, Tensor};

/// A batch of prompts with completions, padded on the right.
#[derive(Debug)]
pub struct CompletionBatch {
    /// Token ids, `(batch, seq)`, int64.
    pub input_ids: Tensor,
    /// 1 where a token is real, 0 where it is padding, `(batch, seq)`, int64.
    pub attention_mask: Tensor,
    /// 1 where a token belongs to a completion, 0 elsewhere, `(batch, seq)`, int64.
    pub completion_mask: Tensor,
}

impl CompletionBatch {
    /// Pads `(prompt_ids, completion_ids)` sequences to the longest.
    ///
    /// # Errors
    /// When there are no sequences, or all are empty.
    pub fn new(sequences: &[(&[i64], &[i64])], pad_token_id: i64) -> Result<Self> {
        let width = width_of(sequences.iter().map(|(prompt, completion)| prompt.len() + completion.len()))?;
        let size = sequences.len() * width;
        let mut input_ids = Vec::with_capacity(size);
        let mut attention_mask = Vec::with_capacity(size);
        let mut completion_mask = Vec::with_capacity(size);
        for (prompt, completion) in sequences {
            let length = prompt.len() + completion.len();
            let padding = width - length;
            input_ids.extend(prompt.iter().chain(*completion));
            input_ids.extend(std::iter::repeat_n(pad_token_id, padding));
            attention_mask.extend(std::iter::repeat_n(1, length));
            attention_mask.extend(std::iter::repeat_n(0, padding));
            completion_mask.extend(std::iter::repeat_n(0, prompt.len()));
            completion_mask.extend(std::iter::repeat_n(1, completion.len()));
            completion_mask.extend(std::iter::repeat_n(0, padding));
        }
        let tensor = |values: &[i64]| matrix(values, sequences.len(), width);
        Ok(Self {
            input_ids: tensor(&input_ids)?,
            attention_mask: tensor(&attention_mask)?,
            completion_mask: tensor(&completion_mask)?,
        })
    }

    /// Batches both sequences of each pair in the order of TRL's collator: all chosen sequences, then all rejected
    /// ones. Row `i` is the chosen sequence of pair `i`, and row `pairs + i` is its rejected one.
    ///
    /// # Errors
    /// When there are no pairs.
    pub fn of_pairs(pairs: &[&EncodedPair], pad_token_id: i64) -> Result<Self> {
        let chosen = pairs.iter().map(|pair| (pair.prompt_ids.as_slice(), pair.chosen_ids.as_slice()));
        let rejected = pairs.iter().map(|pair| (pair.prompt_ids.as_slice(), pair.rejected_ids.as_slice()));
        Self::new(&chosen.chain(rejected).collect::<Vec<_>>(), pad_token_id)
    }

    /// Copies the batch to a device.
    ///
    /// # Errors
    /// When the device does not exist or is out of memory.
    pub fn to_device(&self, device: Device) -> Result<Self> {
        Ok(Self {
            input_ids: self.input_ids.f_to_device(device)?,
            attention_mask: self.attention_mask.f_to_device(device)?,
            completion_mask: self.completion_mask.f_to_device(device)?,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rows(tensor: &Tensor) -> Vec<Vec<i64>> {
        Vec::<Vec<i64>>::try_from(tensor).unwrap()
    }

    /// The example in the documentation of TRL's `DataCollatorForPreference`.
    #[test]
    fn lays_pairs_out_as_trl_does() {
        let first = EncodedPair {
            prompt_ids: vec![1, 2, 3],
            chosen_ids: vec![4, 5],
            rejected_ids: vec![6],
            row: 7,
            ..EncodedPair::default()
        };
        let second = EncodedPair {
            prompt_ids: vec![7, 8],
            chosen_ids: vec![9],
            rejected_ids: vec![10, 11],
            row: 2,
            ..EncodedPair::default()
        };
        let batch = CompletionBatch::of_pairs(&[&first, &second], 0).unwrap();
        assert_eq!(rows(&batch.input_ids), [[1, 2, 3, 4, 5], [7, 8, 9, 0, 0], [1, 2, 3, 6, 0], [7, 8, 10, 11, 0]]);
        assert_eq!(rows(&batch.attention_mask), [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 1, 1, 1, 0], [1, 1, 1, 1, 0]]);
        assert_eq!(rows(&batch.completion_mask), [[0, 0, 0, 1, 1], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 1, 1, 0]]);
    }

    #[test]
    fn rejects_an_empty_batch() {
        assert!(CompletionBatch::of_pairs(&[], 0).unwrap_err().to_string().contains("found none"));
    }
}
