use crate::score::Labels;
use crate::{Error, Result, TrainableModel};
use std::fmt;
use tch::{Device, Kind, Tensor};

/// A classifier of whole texts: a text's token ids to one number a label.
pub trait SequenceClassifier: TrainableModel {
    /// Class logits of shape `(batch, num_labels)`.
    ///
    /// * `input_ids`: int64, `(batch, seq)`.
    /// * `attention_mask`: `(batch, seq)`, 1 on real tokens; `None` where no row is padded.
    ///
    /// # Errors
    /// Rows longer than the model's positions, or a mask of another shape.
    fn logits(&self, input_ids: &Tensor, attention_mask: Option<&Tensor>) -> Result<Tensor>;

    /// A copy for inference, whose weights lie as the processor multiplies them; `None` where nothing is gained by that, as on a GPU.
    ///
    /// It takes as much memory again as the linear layers do, no gradient flows through it, and it does not see later changes
    /// of this model's weights. It rounds differently, no less exactly.
    ///
    /// # Errors
    /// Not enough memory.
    fn packed(&self) -> Result<Option<Box<dyn SequenceClassifier>>> {
        Ok(None)
    }

    /// The names of the outputs, and what the config says that they mean.
    ///
    /// # Errors
    /// A config that contradicts itself.
    fn labels(&self) -> Result<Labels>;

    /// Number of token ids.
    fn vocab_size(&self) -> i64;

    /// Longest sequence, in tokens.
    fn n_positions(&self) -> i64;

    /// The id that fills rows up.
    fn pad_token_id(&self) -> i64;

    /// Where the weights are.
    fn device(&self) -> Device {
        self.parameters().iter().next().map_or(Device::Cpu, |(_, weight)| weight.device())
    }

    /// Class logits of texts as token ids, one number a label, in the texts' order.
    ///
    /// Texts of like length share a batch, so little is spent on padding.
    ///
    /// # Errors
    /// An empty row, a row longer than the model's positions, an id outside the vocabulary, a `batch_size` of 0, or logits that
    /// are not finite: the message names the text, and the weights at fault.
    fn classify(&self, rows: &[Vec<i64>], batch_size: usize) -> Result<Vec<Vec<f32>>> {
        if batch_size == 0 {
            return Err(Error::Input("batch_size is 0, expected at least 1".into()));
        }
        check_ids(rows, self.vocab_size())?;
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|i| std::cmp::Reverse(rows.get(*i).map_or(0, Vec::len)));
        let mut logits = vec![Vec::new(); rows.len()];
        for batch in order.chunks(batch_size) {
            let texts: Vec<&[i64]> = batch.iter().filter_map(|i| rows.get(*i)).map(Vec::as_slice).collect();
            let (ids, mask) = padded(&texts, self.pad_token_id())?;
            let found = tch::no_grad(|| self.logits(&ids, mask.as_ref()))?;
            let found: Vec<Vec<f32>> = Vec::try_from(found.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?)?;
            for (place, row) in batch.iter().zip(found) {
                if row.iter().any(|logit| !logit.is_finite()) {
                    let tensor = self.parameters().first_not_finite()?.map(str::to_owned);
                    return Err(Error::NotFinite { what: "the logits of text", number: *place as u64 + 1, tensor });
                }
                if let Some(slot) = logits.get_mut(*place) {
                    *slot = row;
                }
            }
        }
        Ok(logits)
    }
}

impl fmt::Debug for dyn SequenceClassifier + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SequenceClassifier").field("vocab_size", &self.vocab_size()).finish_non_exhaustive()
    }
}

fn check_ids(rows: &[Vec<i64>], vocab: i64) -> Result<()> {
    for (number, row) in rows.iter().enumerate() {
        if let Some(id) = row.iter().find(|id| !(0..vocab).contains(*id)) {
            return Err(Error::Input(format!(
                "text {}: token id {id} is outside the model's vocabulary of {vocab}: use the model's own tokeniser",
                number + 1
            )));
        }
    }
    Ok(())
}

/// Rows filled up to the longest, and where that was needed a mask of the real tokens, both `(batch, seq)`.
fn padded(texts: &[&[i64]], pad: i64) -> Result<(Tensor, Option<Tensor>)> {
    let width = texts.iter().map(|row| row.len()).max().unwrap_or(0);
    let (mut ids, mut mask) = (Vec::new(), Vec::new());
    for row in texts {
        if row.is_empty() {
            return Err(Error::Input("a text without tokens cannot be classified: add special tokens".into()));
        }
        ids.extend(row.iter().copied().chain(std::iter::repeat_n(pad, width - row.len())));
        mask.extend((0..width).map(|i| i64::from(i < row.len())));
    }
    let matrix = |flat: &[i64]| Tensor::f_from_slice(flat)?.f_view([texts.len() as i64, width as i64]);
    let mask = if mask.contains(&0) { Some(matrix(&mask)?) } else { None };
    Ok((matrix(&ids)?, mask))
}
