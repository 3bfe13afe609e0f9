use super::{Decoder, Head, KvCache, Mode};
use crate::layers::Weights;
use crate::lora::Adapter;
use crate::save::save_pretrained;
use crate::{
    Adaptable, Attention, CausalLm, LinearLayerInfo, Parameters, Result, TrainableModel, TrainingMemory, checkpoint,
    generation_config_file, identity,
};
use serde::Serialize;
use serde_json::Value;
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// The config of a decoder architecture, which builds the decoder from its weights.
///
/// [`DecoderLm`] implements [`CausalLm`] for it, with training, generation, packed weights, adapters, and loading and saving in the format
/// of transformers.
pub trait DecoderConfig: Clone + Serialize + 'static {
    /// The name of the token embedding's weight, `(vocab_size, hidden_size)`: `transformer.wte.weight`.
    const EMBEDDING: &'static str;
    /// The name of the output projection's weight, `(vocab_size, hidden_size)`, if it is not tied to the token embedding.
    const HEAD: &'static str = "lm_head.weight";

    /// The layers that PEFT adapts by default, by the ends of their names.
    const LORA_TARGETS: &'static [&'static str];

    /// Reads and checks a `config.json`.
    ///
    /// # Errors
    /// The file is missing or malformed, or has another `model_type` or invalid values; the error names the field.
    fn read(path: &Path) -> Result<Self>;

    /// Names and shapes of the tensors in a checkpoint.
    fn layout(&self) -> checkpoint::Layout;

    /// Loads the weights of [`DecoderConfig::layout`] from a checkpoint, in `kind` on `device`.
    ///
    /// # Errors
    /// See [`Checkpoint::load`](checkpoint::Checkpoint::load).
    fn load(&self, checkpoint: &checkpoint::Checkpoint, kind: Kind, device: Device) -> Result<Parameters> {
        Ok(Parameters::new(checkpoint.load(&self.layout(), kind, device)?))
    }

    /// Builds the decoder, without its output projection.
    ///
    /// # Errors
    /// A weight is missing.
    fn decoder(&self, w: &Weights) -> Result<Decoder>;

    /// Whether the output projection is the token embedding.
    fn is_tied(&self) -> bool;

    /// The cap of the logits, if the model has one: see [`CausalLm::logit_softcap`].
    fn logit_softcap(&self) -> Option<f64> {
        None
    }

    /// Adjusts the config to the weights: the vocabulary size, and whether the embeddings are tied.
    fn adjust_to_weights(&mut self, vocab_size: i64, tied: bool);

    /// The end-of-sequence ids in the config; may be empty.
    fn eos_token_ids(&self) -> &[i64];

    /// The beginning-of-sequence id in the config.
    fn bos_token_id(&self) -> Option<i64>;

    /// The hyper-parameters as JSON: see [`TrainableModel::hyper_parameters`].
    ///
    /// # Errors
    /// The config cannot be serialised to JSON.
    fn hyper_parameters(&self) -> Result<Value>;
}

/// The name of the classification head's weight in transformers, `(num_labels, hidden_size)`.
pub(crate) const SCORE: &str = "score.weight";

/// A causal language model with a decoder, its config and its named weights.
///
/// If the weights contain `score.weight`, that is the head, in place of the output projection to the vocabulary: the model is the decoder of
/// a [`DecoderClassifier`](crate::DecoderClassifier).
#[derive(Debug)]
pub struct DecoderLm<C> {
    config: C,
    parameters: Parameters,
    decoder: Decoder,
    head: Head,
    mode: Mode,
    /// The text of `generation_config.json`, which is saved with the model: it may have end-of-sequence ids that the config lacks.
    generation_config: Option<String>,
}

impl<C: DecoderConfig> DecoderLm<C> {
    /// Loads a model from a folder that transformers saved, in evaluation mode, with gradients off.
    ///
    /// # Errors
    /// The config or the checkpoint cannot be read, or they do not match: see [`checkpoint::load`].
    pub fn from_pretrained(dir: &Path, kind: Kind, device: Device) -> Result<Self> {
        let config = C::read(&dir.join("config.json"))?;
        let parameters = config.load(&checkpoint::Checkpoint::open(dir)?, kind, device)?;
        let generation_config = generation_config_file::read(dir)?;
        Ok(Self { generation_config, ..Self::from_parameters(config, parameters)? })
    }

    /// Builds the model from weights with the names of [`DecoderConfig::layout`].
    ///
    /// # Errors
    /// A weight is missing.
    pub fn from_parameters(config: C, parameters: Parameters) -> Result<Self> {
        Self::build(config, parameters, None, false)
    }

    fn build(mut config: C, parameters: Parameters, adapter: Option<Adapter<'_>>, pack: bool) -> Result<Self> {
        // The weights take precedence over the config if they have an output projection or another vocabulary size: see
        // `Checkpoint::load`.
        if let Some(vocab_size) = parameters.get(C::EMBEDDING).and_then(|embedding| embedding.size().first().copied()) {
            config.adjust_to_weights(vocab_size, parameters.get(C::HEAD).is_none());
        }
        let weights = Weights::new(&parameters).with_adapter(adapter);
        let weights = if pack { weights.packed() } else { weights };
        let decoder = config.decoder(&weights)?;
        let head = match (parameters.get(SCORE), config.is_tied()) {
            (Some(score), _) => Head::new(&weights, score.shallow_clone()),
            (None, true) => Head::new(&weights, decoder.embedding.shallow_clone()).with_softcap(config.logit_softcap()),
            (None, false) => Head::new(&weights, weights.tensor(C::HEAD)?).with_softcap(config.logit_softcap()),
        };
        Ok(Self { config, parameters, decoder, head, mode: Mode::default(), generation_config: None })
    }

    /// Whether the head is that of a classifier.
    fn is_classifier(&self) -> bool {
        self.parameters.get(SCORE).is_some()
    }

    /// The hyper-parameters.
    #[must_use]
    pub fn config(&self) -> &C {
        &self.config
    }
}

impl<C: DecoderConfig> CausalLm for DecoderLm<C> {
    fn hidden(
        &self,
        input_ids: &Tensor,
        position_ids: Option<&Tensor>,
        attention: &Attention,
        cache: Option<&mut KvCache>,
    ) -> Result<Tensor> {
        self.decoder.hidden(input_ids, position_ids, attention, cache, self.mode)
    }

    fn hidden_states(
        &self,
        input_ids: &Tensor,
        position_ids: Option<&Tensor>,
        attention: &Attention,
    ) -> Result<Vec<Tensor>> {
        self.decoder.hidden_states(input_ids, position_ids, attention, self.mode)
    }

    fn supports_shared_tokens(&self) -> bool {
        true
    }

    fn head(&self) -> &Tensor {
        self.head.weight()
    }

    fn logits(&self, hidden: &Tensor) -> Result<Tensor> {
        self.head.logits(hidden)
    }

    fn logit_softcap(&self) -> Option<f64> {
        self.head.softcap()
    }

    fn packed(&self) -> Result<Option<Box<dyn CausalLm>>> {
        if self.head.is_packed() || self.device() != Device::Cpu {
            return Ok(None);
        }
        let packed = Self::build(self.config.clone(), self.parameters.shallow_clone(), None, true)?;
        Ok(packed.head.is_packed().then(|| Box::new(packed) as Box<dyn CausalLm>))
    }

    fn min_rows(&self) -> usize {
        // A packed product computes a single row as two.
        if self.head.is_packed() { 2 } else { 8 }
    }

    fn new_cache(&self, batch: i64, capacity: i64) -> KvCache {
        self.decoder.new_cache(batch, capacity)
    }

    fn vocab_size(&self) -> i64 {
        self.decoder.embedding.size().first().copied().unwrap_or(0)
    }

    fn max_position_embeddings(&self) -> i64 {
        self.decoder.max_position_embeddings
    }

    fn eos_token_ids(&self) -> &[i64] {
        self.config.eos_token_ids()
    }

    fn bos_token_id(&self) -> Option<i64> {
        self.config.bos_token_id()
    }

    fn frozen_copy(&self) -> Result<Box<dyn CausalLm>> {
        let copy = Self::from_parameters(self.config.clone(), self.parameters.detached_copy()?)?;
        Ok(Box::new(Self { generation_config: self.generation_config.clone(), ..copy }))
    }

    fn adaptable(&self) -> Option<&dyn Adaptable> {
        (!self.head.is_packed()).then_some(self)
    }
}

impl<C: DecoderConfig> Adaptable for DecoderLm<C> {
    fn linear_layers(&self) -> Vec<LinearLayerInfo> {
        self.decoder.linear_layers()
    }

    fn embedding(&self) -> &str {
        C::EMBEDDING
    }

    fn output_projection(&self) -> Option<&str> {
        (!self.is_classifier()).then_some(C::HEAD)
    }

    fn default_lora_targets(&self) -> &'static [&'static str] {
        C::LORA_TARGETS
    }

    fn with_weights(&self, weights: Parameters, adapter: Option<Adapter<'_>>) -> Result<Box<dyn CausalLm>> {
        let other = Self::build(self.config.clone(), weights, adapter, false)?;
        Ok(Box::new(Self { generation_config: self.generation_config.clone(), ..other }))
    }
}

impl<C: DecoderConfig> TrainableModel for DecoderLm<C> {
    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn hyper_parameters(&self) -> Result<Value> {
        self.config.hyper_parameters()
    }

    fn config_json(&self) -> Result<Value> {
        identity::hyper_parameters(&self.config)
    }

    fn training_memory(&self, sequences: u64, length: u64) -> Option<TrainingMemory> {
        let memory = self.decoder.training_memory(self.mode, sequences, length);
        Some(if self.is_classifier() { TrainingMemory { token_logits: 0, ..memory } } else { memory })
    }

    fn set_training(&mut self, training: bool) {
        self.mode.training = training;
    }

    fn set_gradient_checkpointing(&mut self, on: bool) -> Result<()> {
        self.mode.gradient_checkpointing = on;
        Ok(())
    }

    fn save_pretrained(&self, dir: &Path, overwrite: bool) -> Result<()> {
        save_pretrained(dir, &self.config, &self.parameters, self.kind(), overwrite)?;
        generation_config_file::write(dir, self.generation_config.as_deref(), overwrite)
    }
}
