use crate::padding::{matrix, width_of};
use crate::{EncodedPair, Result};
use tch::{Device, Tensor};

/// Encoded pairs as TRL's collator lays them out: the chosen sequences first, then the rejected ones, padded on the right.
#[derive(Debug)]
pub struct PairBatch {
    /// Token ids, `(2 * batch, seq)`, int64; row `i` is pair `i`'s chosen sequence, row `batch + i` its rejected one.
    pub input_ids: Tensor,
    /// 1 where a token is real, 0 where it is padding, `(2 * batch, seq)`, int64.
    pub attention_mask: Tensor,
    /// 1 where a token belongs to a completion, 0 elsewhere, `(2 * batch, seq)`, int64.
    pub completion_mask: Tensor,
    /// The row of the input that each pair came from, counted from 0.
    pub rows: Vec<usize>,
}

impl PairBatch {
    /// Pads pairs to the longest of their sequences.
    ///
    /// # Errors
    /// When there are no pairs.
    pub fn new(pairs: &[&EncodedPair], pad_token_id: i64) -> Result<Self> {
        let chosen = pairs.iter().map(|pair| (&pair.prompt_ids, &pair.chosen_ids));
        let rejected = pairs.iter().map(|pair| (&pair.prompt_ids, &pair.rejected_ids));
        let sequences = || chosen.clone().chain(rejected.clone());
        let width = width_of(sequences().map(|(prompt, completion)| prompt.len() + completion.len()))?;
        let size = 2 * pairs.len() * width;
        let mut input_ids = Vec::with_capacity(size);
        let mut attention_mask = Vec::with_capacity(size);
        let mut completion_mask = Vec::with_capacity(size);
        for (prompt, completion) in sequences() {
            let length = prompt.len() + completion.len();
            let padding = width - length;
            input_ids.extend(prompt.iter().chain(completion));
            input_ids.extend(std::iter::repeat_n(pad_token_id, padding));
            attention_mask.extend(std::iter::repeat_n(1, length));
            attention_mask.extend(std::iter::repeat_n(0, padding));
            completion_mask.extend(std::iter::repeat_n(0, prompt.len()));
            completion_mask.extend(std::iter::repeat_n(1, completion.len()));
            completion_mask.extend(std::iter::repeat_n(0, padding));
        }
        let rows = 2 * pairs.len();
        Ok(Self {
            input_ids: matrix(&input_ids, rows, width)?,
            attention_mask: matrix(&attention_mask, rows, width)?,
            completion_mask: matrix(&completion_mask, rows, width)?,
            rows: pairs.iter().map(|pair| pair.row).collect(),
        })
    }

    /// The number of pairs.
    pub fn pairs(&self) -> usize {
        self.rows.len()
    }

    /// The chosen half of a tensor whose first dimension is `2 * batch`.
    ///
    /// # Errors
    /// When its first dimension is shorter.
    pub fn chosen(&self, tensor: &Tensor) -> Result<Tensor> {
        Ok(tensor.f_narrow(0, 0, self.pairs() as i64)?)
    }

    /// The rejected half of a tensor whose first dimension is `2 * batch`.
    ///
    /// # Errors
    /// When its first dimension is shorter.
    pub fn rejected(&self, tensor: &Tensor) -> Result<Tensor> {
        let pairs = self.pairs() as i64;
        Ok(tensor.f_narrow(0, pairs, pairs)?)
    }

    /// The same batch on a device.
    ///
    /// # Errors
    /// When the device is not there or its memory is full.
    pub fn to_device(&self, device: Device) -> Result<Self> {
        Ok(Self {
            input_ids: self.input_ids.f_to_device(device)?,
            attention_mask: self.attention_mask.f_to_device(device)?,
            completion_mask: self.completion_mask.f_to_device(device)?,
            rows: self.rows.clone(),
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
    fn lays_out_as_trl_does() {
        let first = EncodedPair { prompt_ids: vec![1, 2, 3], chosen_ids: vec![4, 5], rejected_ids: vec![6], row: 7 };
        let second = EncodedPair { prompt_ids: vec![7, 8], chosen_ids: vec![9], rejected_ids: vec![10, 11], row: 2 };
        let batch = PairBatch::new(&[&first, &second], 0).unwrap();
        assert_eq!(rows(&batch.input_ids), [[1, 2, 3, 4, 5], [7, 8, 9, 0, 0], [1, 2, 3, 6, 0], [7, 8, 10, 11, 0]]);
        assert_eq!(rows(&batch.attention_mask), [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 1, 1, 1, 0], [1, 1, 1, 1, 0]]);
        assert_eq!(rows(&batch.completion_mask), [[0, 0, 0, 1, 1], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 1, 1, 0]]);
        assert_eq!(batch.rows, [7, 2]);
        assert_eq!(rows(&batch.chosen(&batch.input_ids).unwrap()), [[1, 2, 3, 4, 5], [7, 8, 9, 0, 0]]);
        assert_eq!(rows(&batch.rejected(&batch.input_ids).unwrap()), [[1, 2, 3, 6, 0], [7, 8, 10, 11, 0]]);
    }

    #[test]
    fn refuses_an_empty_batch() {
        assert!(PairBatch::new(&[], 0).unwrap_err().to_string().contains("found none"));
    }
}
