//! DistilBERT: a bidirectional encoder with a sequence classifier.

mod block;
mod config;
mod load;
mod positions;
mod random;

pub use config::DistilBertConfig;

use crate::identity::hyper_parameters;
use crate::layers::{Linear, Norm, Weights, dropout, key_mask};
use crate::score::Labels;
use crate::{Error, Parameters, Result, SequenceClassifier, TrainableModel};
use block::{Block, LAYER_NORM_EPS};
use std::collections::BTreeMap;
use std::path::Path;
use tch::{Device, Tensor};

/// DistilBERT for sequence classification.
#[derive(Debug)]
pub struct DistilBert {
    config: DistilBertConfig,
    parameters: Parameters,
    word_embeddings: Tensor,
    position_embeddings: Tensor,
    layer_norm: Norm,
    blocks: Vec<Block>,
    pre_classifier: Linear,
    classifier: Linear,
    training: bool,
    gradient_checkpointing: bool,
}

impl DistilBert {
    /// Builds the model from weights with the names of [`DistilBertConfig::layout`].
    ///
    /// # Errors
    /// A weight is missing.
    pub fn from_parameters(config: DistilBertConfig, parameters: Parameters) -> Result<Self> {
        Self::build(config, parameters, false)
    }

    fn build(config: DistilBertConfig, parameters: Parameters, pack: bool) -> Result<Self> {
        let root = Weights::new(&parameters);
        let root = if pack { root.packed() } else { root };
        let base = root.child("distilbert");
        let embeddings = base.child("embeddings");
        let word_embeddings = embeddings.tensor("word_embeddings.weight")?;
        let position_embeddings = embeddings.tensor("position_embeddings.weight")?;
        let layer_norm = Norm::layer(&embeddings.child("LayerNorm"), LAYER_NORM_EPS, true)?;
        let layers = base.child("transformer.layer");
        let blocks =
            (0..config.n_layers).map(|layer| Block::load(&layers.child(layer), &config)).collect::<Result<_>>()?;
        let pre_classifier = Linear::load(&root.child("pre_classifier"), true)?;
        let classifier = Linear::load(&root.child("classifier"), true)?;
        Ok(Self {
            config,
            parameters,
            word_embeddings,
            position_embeddings,
            layer_norm,
            blocks,
            pre_classifier,
            classifier,
            training: false,
            gradient_checkpointing: false,
        })
    }

    /// The hyper-parameters.
    #[must_use]
    pub fn config(&self) -> &DistilBertConfig {
        &self.config
    }
}

impl TrainableModel for DistilBert {
    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn hyper_parameters(&self) -> Result<serde_json::Value> {
        hyper_parameters(&DistilBertConfig { extra: BTreeMap::new(), ..self.config.clone() })
    }

    fn set_training(&mut self, training: bool) {
        self.training = training;
    }

    fn set_gradient_checkpointing(&mut self, on: bool) -> Result<()> {
        self.gradient_checkpointing = on;
        Ok(())
    }

    fn save_pretrained(&self, dir: &Path, overwrite: bool) -> Result<()> {
        crate::save::save_pretrained(dir, &self.config, &self.parameters, self.word_embeddings.kind(), overwrite)
    }
}

impl SequenceClassifier for DistilBert {
    fn logits(&self, input_ids: &Tensor, attention_mask: Option<&Tensor>) -> Result<Tensor> {
        let (batch, seq) = input_ids.size2()?;
        let most = self.config.max_position_embeddings;
        if !(1..=most).contains(&seq) {
            return Err(Error::Input(format!("rows of {seq} tokens; the model takes 1 to {most}: truncate them")));
        }
        let kind = self.word_embeddings.kind();
        let mask = attention_mask.map(|mask| key_mask(mask, batch, seq, (kind, self.device()))).transpose()?;
        let ids = input_ids.f_to_device(self.device())?;
        let words = Tensor::f_embedding(&self.word_embeddings, &ids, -1, false, false)?;
        let embedded = self.layer_norm.forward(&words.f_add(&self.position_embeddings.f_narrow(0, 0, seq)?)?)?;
        let mut x = dropout(embedded, self.config.dropout, self.training)?;
        let (mask, training) = (mask.as_ref(), self.training);
        let last = self.blocks.len().saturating_sub(1);
        for (layer, block) in self.blocks.iter().enumerate() {
            x = match (self.gradient_checkpointing, layer == last) {
                (true, first) => block.forward_checkpointed(&x, mask, training, first)?,
                (false, true) => block.forward_first(&x, mask, training)?,
                (false, false) => block.forward(&x, mask, training)?,
            };
        }
        let pooled = self.pre_classifier.forward(&x.f_select(1, 0)?, self.training)?.f_relu()?;
        self.classifier.forward(&dropout(pooled, self.config.seq_classif_dropout, self.training)?, self.training)
    }

    fn packed(&self) -> Result<Option<Box<dyn SequenceClassifier>>> {
        if self.device() != Device::Cpu {
            return Ok(None);
        }
        Ok(Some(Box::new(Self::build(self.config.clone(), self.parameters.shallow_clone(), true)?)))
    }

    fn labels(&self) -> Result<Labels> {
        self.config.labels()
    }

    fn vocab_size(&self) -> i64 {
        self.config.vocab_size
    }

    fn max_position_embeddings(&self) -> i64 {
        self.config.max_position_embeddings
    }

    fn pad_token_id(&self) -> i64 {
        self.config.pad_token_id.unwrap_or(0)
    }

    fn set_pad_token_id(&mut self, id: i64) {
        self.config.pad_token_id = Some(id);
    }
}
