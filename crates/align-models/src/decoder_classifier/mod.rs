//! A sequence classifier or reward model with a decoder: a linear head on the last token.

mod batch;
mod config_fields;
mod load;

pub(crate) use config_fields::{labels_of_config, other_class};
pub use load::NewHead;
pub(crate) use load::adapter_outputs;

use crate::checkpoint::Checkpoint;
use crate::score::Labels;
use crate::{
    CausalLm, Error, LoraConfig, LoraModel, Parameters, Result, SequenceClassifier, TrainableModel, TrainingMemory,
    save,
};
use batch::Batch;
use serde_json::{Value, json};
use std::path::Path;
use tch::Tensor;

/// A decoder with a classification head, as `GPT2ForSequenceClassification` or `LlamaForSequenceClassification` of transformers. With one
/// output it is a reward model.
///
/// The outputs are those of a text's last token that is not the padding token, or of its first token if all are, whatever the attention
/// mask. Where the padding token is also the end of a text, that end is therefore not what is scored.
///
/// ```no_run
/// use align_models::{DecoderClassifier, Gpt2Config, SequenceClassifier};
/// use tch::{Device, Kind, Tensor};
///
/// let model = DecoderClassifier::from_pretrained::<Gpt2Config>("reward-model".as_ref(), Kind::Float, Device::Cpu)?;
/// let rewards = model.logits(&Tensor::from_slice(&[464i64, 2646, 373]).view([1, 3]), None)?;
/// # Ok::<(), align_models::Error>(())
/// ```
#[derive(Debug)]
pub struct DecoderClassifier {
    /// The decoder, whose head is `score.weight`.
    model: Box<dyn CausalLm>,
    labels: Labels,
    pad_token_id: Option<i64>,
}

impl DecoderClassifier {
    /// Merges the adapter in `dir` into the model.
    pub(crate) fn with_merged_adapter(self, dir: &Path) -> Result<Self> {
        let model = LoraModel::from_pretrained(self.model, dir)?.merge_and_unload()?;
        Ok(Self { model, ..self })
    }

    /// The model with the adapter in `dir`, which can be trained further.
    pub(crate) fn with_adapter(self, dir: &Path) -> Result<Self> {
        let model = Box::new(LoraModel::from_pretrained(self.model, dir)?);
        Ok(Self { model, ..self })
    }

    /// The padding token, if it is one of the vocabulary.
    fn padding(&self) -> Option<i64> {
        self.pad_token_id.filter(|id| (0..self.model.vocab_size()).contains(id))
    }
}

impl SequenceClassifier for DecoderClassifier {
    fn logits(&self, input_ids: &Tensor, attention_mask: Option<&Tensor>) -> Result<Tensor> {
        let batch = Batch::new(input_ids, attention_mask, self.padding())?;
        self.model.logits(&batch.hidden(self.model.as_ref())?)
    }

    fn packed(&self) -> Result<Option<Box<dyn SequenceClassifier>>> {
        let packed = self.model.packed()?;
        let of = |model| Self { model, labels: self.labels.clone(), pad_token_id: self.pad_token_id };
        Ok(packed.map(|model| Box::new(of(model)) as Box<dyn SequenceClassifier>))
    }

    fn labels(&self) -> Result<Labels> {
        Ok(self.labels.clone())
    }

    fn vocab_size(&self) -> i64 {
        self.model.vocab_size()
    }

    fn max_position_embeddings(&self) -> i64 {
        self.model.max_position_embeddings()
    }

    fn pad_token_id(&self) -> i64 {
        self.padding().unwrap_or(0)
    }

    fn set_pad_token_id(&mut self, id: i64) {
        self.pad_token_id = Some(id);
    }

    fn scores_last_token(&self) -> bool {
        true
    }

    fn with_lora(self: Box<Self>, config: LoraConfig, seed: u64) -> Result<Box<dyn SequenceClassifier>> {
        let model = Box::new(LoraModel::new(self.model, config, seed)?);
        Ok(Box::new(Self { model, ..*self }))
    }
}

impl TrainableModel for DecoderClassifier {
    fn parameters(&self) -> &Parameters {
        self.model.parameters()
    }

    fn frozen_parameters(&self) -> Option<&Parameters> {
        self.model.frozen_parameters()
    }

    fn hyper_parameters(&self) -> Result<Value> {
        let outputs = self.labels.names().len();
        Ok(
            json!({ "decoder": self.model.hyper_parameters()?, "num_labels": outputs, "pad_token_id": self.pad_token_id }),
        )
    }

    fn config_json(&self) -> Result<Value> {
        Ok(config_fields::with_labels(self.model.config_json()?, &self.labels, self.pad_token_id))
    }

    fn training_memory(&self, sequences: u64, length: u64) -> Option<TrainingMemory> {
        self.model.training_memory(sequences, length)
    }

    fn set_training(&mut self, training: bool) {
        self.model.set_training(training);
    }

    fn set_gradient_checkpointing(&mut self, on: bool) -> Result<()> {
        self.model.set_gradient_checkpointing(on)
    }

    fn save_pretrained(&self, dir: &Path, overwrite: bool) -> Result<()> {
        if self.frozen_parameters().is_some() {
            return self.model.save_pretrained(dir, overwrite);
        }
        save::save_pretrained(dir, &self.config_json()?, self.model.parameters(), self.model.kind(), overwrite)
    }

    fn open_saved(&self, dir: &Path) -> Result<Checkpoint> {
        self.model.open_saved(dir)
    }
}

/// The error for a folder without a classification head.
fn no_head(path: &Path) -> Error {
    Error::Config {
        path: path.to_owned(),
        reason: "the model has no classification head (score.weight): it is a language model, but a classifier or reward model is needed. \
                 Train one with align reward"
            .into(),
    }
}
