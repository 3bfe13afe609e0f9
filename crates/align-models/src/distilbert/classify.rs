use super::DistilBert;
use crate::{Error, Result};
use tch::{Kind, Tensor};

impl DistilBert {
    /// Class logits of texts as token ids, `num_labels` a text, in the texts' order.
    ///
    /// Texts of like length share a batch, so little is spent on padding.
    ///
    /// # Errors
    /// An empty row, a row longer than the model's positions, an id outside the vocabulary, a `batch_size` of 0, or logits that
    /// are not finite: the message names the text, and the weights at fault.
    pub fn classify(&self, rows: &[Vec<i64>], batch_size: usize) -> Result<Vec<Vec<f32>>> {
        if batch_size == 0 {
            return Err(Error::Input("batch_size is 0, expected at least 1".into()));
        }
        for (number, row) in rows.iter().enumerate() {
            let vocab = self.config.vocab_size;
            if let Some(id) = row.iter().find(|id| !(0..vocab).contains(*id)) {
                return Err(Error::Input(format!(
                    "text {}: token id {id} is outside the model's vocabulary of {vocab}: use the model's own tokeniser",
                    number + 1
                )));
            }
        }
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|i| std::cmp::Reverse(rows.get(*i).map_or(0, Vec::len)));
        let mut logits = vec![Vec::new(); rows.len()];
        for batch in order.chunks(batch_size) {
            let texts: Vec<&[i64]> = batch.iter().filter_map(|i| rows.get(*i)).map(Vec::as_slice).collect();
            let found: Vec<Vec<f32>> = tch::no_grad(|| self.classify_batch(&texts))?;
            for (place, row) in batch.iter().zip(found) {
                if row.iter().any(|logit| !logit.is_finite()) {
                    let tensor = self.parameters.first_not_finite()?.map(str::to_owned);
                    return Err(Error::NotFinite { what: "the logits of text", number: *place as u64 + 1, tensor });
                }
                if let Some(slot) = logits.get_mut(*place) {
                    *slot = row;
                }
            }
        }
        Ok(logits)
    }

    fn classify_batch(&self, texts: &[&[i64]]) -> Result<Vec<Vec<f32>>> {
        let width = texts.iter().map(|row| row.len()).max().unwrap_or(0);
        let pad = self.config.pad_token_id.unwrap_or(0);
        let (mut ids, mut mask) = (Vec::new(), Vec::new());
        for row in texts {
            if row.is_empty() {
                return Err(Error::Input("a text without tokens cannot be classified: add special tokens".into()));
            }
            ids.extend(row.iter().copied().chain(std::iter::repeat_n(pad, width - row.len())));
            mask.extend((0..width).map(|i| i64::from(i < row.len())));
        }
        let matrix = |flat: &[i64]| Tensor::f_from_slice(flat)?.f_view([texts.len() as i64, width as i64]);
        let padded = mask.contains(&0);
        let (ids, mask) = (matrix(&ids)?, matrix(&mask)?);
        let logits = self.logits(&ids, padded.then_some(&mask))?;
        Ok(Vec::try_from(logits.f_to_device(tch::Device::Cpu)?.f_to_kind(Kind::Float)?)?)
    }
}
