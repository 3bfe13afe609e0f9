use crate::batches_by_length;
use crate::checkpoint::Checkpoint;
use crate::score::Labels;
use crate::{Error, LoraConfig, Parameters, Result, TrainableModel, TrainingMemory};
use std::fmt;
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// A sequence classifier: maps the token ids of a text to one logit per label.
pub trait SequenceClassifier: TrainableModel {
    /// Class logits of shape `(batch, num_labels)`.
    ///
    /// * `input_ids`: int64, `(batch, seq)`.
    /// * `attention_mask`: `(batch, seq)`, 1 on real tokens; `None` if no row is padded.
    ///
    /// # Errors
    /// Rows longer than [`max_position_embeddings`](Self::max_position_embeddings), or a mask of another shape.
    fn logits(&self, input_ids: &Tensor, attention_mask: Option<&Tensor>) -> Result<Tensor>;

    /// A copy for inference with weights in the memory layout that the CPU's matrix product needs. `None` if this gives no speedup, as
    /// on a GPU.
    ///
    /// The copy takes as much memory as the linear layers, has no gradients, and does not follow later changes of this model's weights.
    /// It rounds differently, with the same accuracy.
    ///
    /// # Errors
    /// Not enough memory.
    fn packed(&self) -> Result<Option<Box<dyn SequenceClassifier>>> {
        Ok(None)
    }

    /// The labels of the outputs, and the problem type in the config.
    ///
    /// # Errors
    /// The config contradicts itself.
    fn labels(&self) -> Result<Labels>;

    /// Number of token ids.
    fn vocab_size(&self) -> i64;

    /// Longest sequence, in tokens.
    fn max_position_embeddings(&self) -> i64;

    /// The id of the padding token.
    fn pad_token_id(&self) -> i64;

    /// Sets the padding token to that of the tokeniser. It determines which token of a text a decoder scores.
    fn set_pad_token_id(&mut self, id: i64);

    /// Whether the outputs are those of a text's last token, as in a decoder. A reward model of this kind is trained on texts that end with
    /// the end-of-sequence token.
    fn scores_last_token(&self) -> bool {
        false
    }

    /// Adds a new LoRA adapter. The head is trained in full.
    ///
    /// # Errors
    /// The model does not support adapters, or an option is out of range or has no effect.
    fn with_lora(self: Box<Self>, config: LoraConfig, seed: u64) -> Result<Box<dyn SequenceClassifier>> {
        let _ = (config, seed);
        Err(Error::Input("the model does not support adapters: train all weights".into()))
    }

    /// The device of the weights.
    fn device(&self) -> Device {
        self.parameters().iter().next().map_or(Device::Cpu, |(_, weight)| weight.device())
    }

    /// Class logits of tokenised texts, one per label, in the order of the texts.
    ///
    /// Texts of similar length are batched together, which keeps padding small. `on_batch` is called with the number of texts of each batch.
    ///
    /// # Errors
    /// An empty row, a row longer than [`max_position_embeddings`](Self::max_position_embeddings), an id outside the vocabulary, a
    /// `batch_size` of 0, or logits that are not finite. The message names the text, and weights that are not finite.
    fn classify(&self, rows: &[Vec<i64>], batch_size: usize, on_batch: &mut dyn FnMut(usize)) -> Result<Vec<Vec<f32>>> {
        let mut logits = vec![Vec::new(); rows.len()];
        for batch in batches_by_length(rows.iter().map(Vec::len), batch_size)? {
            for (index, row) in batch.iter().zip(self.classify_batch(rows, &batch)?) {
                if let Some(slot) = logits.get_mut(*index) {
                    *slot = row;
                }
            }
            on_batch(batch.len());
        }
        Ok(logits)
    }

    /// Class logits of those of the tokenised texts whose indices are in `batch`, computed together.
    ///
    /// # Errors
    /// Those of [`classify`](Self::classify).
    fn classify_batch(&self, rows: &[Vec<i64>], batch: &[usize]) -> Result<Vec<Vec<f32>>> {
        let texts: Vec<&[i64]> = batch.iter().filter_map(|i| rows.get(*i)).map(Vec::as_slice).collect();
        batch.iter().zip(&texts).try_for_each(|(index, text)| check_ids(index + 1, text, self.vocab_size()))?;
        let (ids, mask) = padded(&texts, self.pad_token_id())?;
        let found = tch::no_grad(|| self.logits(&ids, mask.as_ref()))?;
        let found: Vec<Vec<f32>> = Vec::try_from(found.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?)?;
        let mut rows = batch.iter().zip(&found);
        if let Some((index, _)) = rows.find(|(_, row)| row.iter().any(|logit| !logit.is_finite())) {
            let tensor = self.parameters().first_not_finite()?.map(str::to_owned);
            return Err(Error::NotFinite { what: "the logits of text", number: *index as u64 + 1, tensor });
        }
        Ok(found)
    }
}

impl fmt::Debug for dyn SequenceClassifier + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SequenceClassifier").field("vocab_size", &self.vocab_size()).finish_non_exhaustive()
    }
}

impl TrainableModel for Box<dyn SequenceClassifier> {
    fn parameters(&self) -> &Parameters {
        (**self).parameters()
    }

    fn frozen_parameters(&self) -> Option<&Parameters> {
        (**self).frozen_parameters()
    }

    fn hyper_parameters(&self) -> Result<serde_json::Value> {
        (**self).hyper_parameters()
    }

    fn config_json(&self) -> Result<serde_json::Value> {
        (**self).config_json()
    }

    fn training_memory(&self, sequences: u64, length: u64) -> Option<TrainingMemory> {
        (**self).training_memory(sequences, length)
    }

    fn set_training(&mut self, training: bool) {
        (**self).set_training(training);
    }

    fn set_gradient_checkpointing(&mut self, on: bool) -> Result<()> {
        (**self).set_gradient_checkpointing(on)
    }

    fn save_pretrained(&self, dir: &Path, overwrite: bool) -> Result<()> {
        (**self).save_pretrained(dir, overwrite)
    }

    fn open_saved(&self, dir: &Path) -> Result<Checkpoint> {
        (**self).open_saved(dir)
    }
}

fn check_ids(number: usize, text: &[i64], vocab: i64) -> Result<()> {
    match text.iter().find(|id| !(0..vocab).contains(*id)) {
        None => Ok(()),
        Some(id) => Err(Error::Input(format!(
            "text {number}: token id {id} is outside the model's vocabulary of {vocab}: use the model's own tokeniser"
        ))),
    }
}

/// Pads rows on the right to the longest. Returns the ids and, if any row was padded, the attention mask, both `(batch, seq)`.
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
