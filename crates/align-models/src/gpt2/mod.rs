//! GPT-2: a decoder with learned positions and pre-norm blocks.

mod block;
mod config;
mod memory;

pub use config::Gpt2Config;

use crate::attention_mask::causal_mask;
use crate::checkpoint::TensorSpec;
use crate::identity::hyper_parameters;
use crate::layers::{LayerNorm, Weights, dropout, packed};
use crate::lora::Adapter;
use crate::random_weights::{Filling, initializer_range, name_model, random_weights};
use crate::{
    Adaptable, Attention, CausalLm, Error, KvCache, LinearLayer, Parameters, Result, TrainableModel, TrainingMemory,
    checkpoint,
};
use align_torch::{PackedActivation, PackedLinear};
use block::{Block, Pass};
use std::collections::BTreeMap;
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// GPT-2 with its language-model head.
#[derive(Debug)]
pub struct Gpt2 {
    config: Gpt2Config,
    parameters: Parameters,
    wte: Tensor,
    wpe: Tensor,
    blocks: Vec<Block>,
    ln_f: LayerNorm,
    head: Tensor,
    /// The head packed, in a copy for inference.
    packed_head: Option<PackedLinear>,
    training: bool,
    gradient_checkpointing: bool,
}

impl Gpt2 {
    /// Loads a folder in transformers' layout, in evaluation mode, with gradients off.
    ///
    /// # Errors
    /// A config or checkpoint that cannot be read, or that do not fit each other: see [`checkpoint::load`].
    pub fn from_pretrained(dir: &Path, kind: Kind, device: Device) -> Result<Self> {
        let config = Gpt2Config::from_pretrained(dir)?;
        let parameters = Parameters::new(checkpoint::load(dir, &config.layout(), kind, device)?);
        Self::from_parameters(config, parameters)
    }

    /// A new model with random weights, as transformers draws them: normal with the config's `initializer_range` (0.02 unless it
    /// names one), the projections that end in the residual stream divided by `√(2 n_layer)`, biases 0, layer norms 1.
    ///
    /// The weights are a function of the config and the seed.
    ///
    /// # Errors
    /// A config that describes no GPT-2, or one whose weights do not fit into memory; see [`Gpt2Config::check_memory`].
    pub fn new_random(mut config: Gpt2Config, seed: u64, kind: Kind, device: Device) -> Result<Self> {
        config.validate().map_err(|reason| Error::Input(format!("the config: {reason}")))?;
        config.check_memory(kind, device)?;
        name_model(&mut config.extra, "gpt2", "GPT2LMHeadModel");
        let std = initializer_range(&config.extra);
        let residual = std / (2.0 * config.n_layer as f64).sqrt();
        let filling = |name: &str| match name {
            _ if name.ends_with(".bias") => Filling::Zeros,
            _ if name.contains(".ln_") => Filling::Ones,
            _ if name.ends_with(".c_proj.weight") => Filling::Normal(residual),
            _ => Filling::Normal(std),
        };
        let weights = random_weights(&config.layout(), seed, |_| true, filling, (kind, device))?;
        Self::from_parameters(config, Parameters::new(weights))
    }

    /// Builds the model on weights at hand, named as in [`Gpt2Config::layout`].
    ///
    /// # Errors
    /// A weight that is missing.
    pub fn from_parameters(config: Gpt2Config, parameters: Parameters) -> Result<Self> {
        Self::build(config, parameters, None, false)
    }

    fn build(mut config: Gpt2Config, parameters: Parameters, adapter: Option<Adapter<'_>>, pack: bool) -> Result<Self> {
        let root = Weights { adapter, ..Weights::root(&parameters, "transformer.", pack) };
        let wte = root.tensor("wte.weight")?;
        // A head of its own wins over the config: see `Checkpoint::load`.
        config.tie_word_embeddings &= parameters.get("lm_head.weight").is_none();
        let head = match config.tie_word_embeddings {
            true => wte.shallow_clone(),
            false => Weights::root(&parameters, "", pack).tensor("lm_head.weight")?,
        };
        let packed_head = packed(&root, &head, None);
        let wpe = root.tensor("wpe.weight")?;
        let blocks = (0..config.n_layer as usize)
            .map(|layer| Block::load(&root.child("h").child(layer), &config, layer))
            .collect::<Result<_>>()?;
        let ln_f = LayerNorm::load(&root.child("ln_f"), config.layer_norm_epsilon)?;
        let (training, gradient_checkpointing) = (false, false);
        Ok(Self { config, parameters, wte, wpe, blocks, ln_f, head, packed_head, training, gradient_checkpointing })
    }

    /// The hyper-parameters.
    #[must_use]
    pub fn config(&self) -> &Gpt2Config {
        &self.config
    }

    fn positions(&self, batch: i64, seq: i64, past: i64) -> Result<Tensor> {
        let last = past + seq;
        if last > self.config.n_positions {
            return Err(Error::Input(format!(
                "a sequence of {last} tokens is longer than the model's n_positions, {}: shorten it",
                self.config.n_positions
            )));
        }
        Ok(Tensor::f_arange_start(past, last, (Kind::Int64, self.device()))?.f_expand([batch, seq], false)?)
    }
}

impl CausalLm for Gpt2 {
    fn hidden(
        &self,
        input_ids: &Tensor,
        position_ids: Option<&Tensor>,
        attention: &Attention,
        mut cache: Option<&mut KvCache>,
    ) -> Result<Tensor> {
        let (batch, seq) = input_ids.size2()?;
        let past = cache.as_deref().map_or(0, KvCache::len);
        let positions = match position_ids {
            Some(given) => given.f_to_device(self.device())?,
            None => self.positions(batch, seq, past)?,
        };
        let ids = input_ids.f_to_device(self.device())?;
        let embedded = Tensor::f_embedding(&self.wte, &ids, -1, false, false)?
            .f_add(&Tensor::f_embedding(&self.wpe, &positions, -1, false, false)?)?;
        let mut x = dropout(embedded, self.config.embd_pdrop, self.training)?;
        let (mask, is_causal) = causal_mask(attention, batch, seq, past, (self.kind(), self.device()))?;
        let rows = if let Attention::Rows { rows, .. } = attention { Some(rows.shallow_clone()) } else { None };
        let mut pass = Pass { mask, is_causal, rows, training: self.training, cache: cache.as_deref_mut() };
        for block in &self.blocks {
            x = match self.gradient_checkpointing && pass.cache.is_none() {
                true => block.forward_checkpointed(&x, &pass)?,
                false => block.forward(&x, &mut pass)?,
            };
        }
        if let Some(cache) = cache {
            cache.advance(seq);
        }
        self.ln_f.forward(&x)
    }

    fn takes_rows(&self) -> bool {
        true
    }

    fn head(&self) -> &Tensor {
        &self.head
    }

    fn logits(&self, hidden: &Tensor) -> Result<Tensor> {
        match &self.packed_head {
            Some(packed) => Ok(packed.forward(hidden, PackedActivation::Identity)?),
            None => Ok(hidden.f_linear(&self.head, None::<&Tensor>)?),
        }
    }

    fn packed(&self) -> Result<Option<Box<dyn CausalLm>>> {
        if self.packed_head.is_some() || self.device() != Device::Cpu {
            return Ok(None);
        }
        let packed = Self::build(self.config.clone(), self.parameters.shallow_clone(), None, true)?;
        Ok(packed.packed_head.is_some().then(|| Box::new(packed) as Box<dyn CausalLm>))
    }

    fn new_cache(&self, batch: i64, capacity: i64) -> KvCache {
        let head_dim = self.config.n_embd / self.config.n_head;
        KvCache::new(self.blocks.len(), [batch, self.config.n_head, capacity, head_dim], self.kind(), self.device())
    }

    fn adaptable(&self) -> Option<&dyn Adaptable> {
        self.packed_head.is_none().then_some(self)
    }

    fn vocab_size(&self) -> i64 {
        self.config.vocab_size
    }

    fn n_positions(&self) -> i64 {
        self.config.n_positions
    }

    fn eos_token_ids(&self) -> &[i64] {
        self.config.eos_token_id.as_deref().unwrap_or_default()
    }

    fn bos_token_id(&self) -> Option<i64> {
        self.config.bos_token_id
    }

    fn frozen_copy(&self) -> Result<Box<dyn CausalLm>> {
        Ok(Box::new(Self::from_parameters(self.config.clone(), self.parameters.detached_copy()?)?))
    }
}

impl Adaptable for Gpt2 {
    fn linear_layers(&self) -> Vec<LinearLayer> {
        let layer = |spec: TensorSpec| {
            let name = spec.name.strip_suffix(".weight")?;
            let (block, _) = name.strip_prefix("transformer.h.")?.split_once('.')?;
            let &[inputs, outputs] = spec.shape.as_slice() else { return None };
            let (block, input_is_kept) = (block.parse().ok()?, name.ends_with("attn.c_proj"));
            Some(LinearLayer { name: name.to_owned(), inputs, outputs, transposed: true, block, input_is_kept })
        };
        self.config.layout().tensors.into_iter().filter_map(layer).collect()
    }

    fn embedding(&self) -> &str {
        "transformer.wte.weight"
    }

    fn with_weights(&self, weights: Parameters, adapter: Option<Adapter<'_>>) -> Result<Box<dyn CausalLm>> {
        let tokens = weights.get(self.embedding()).and_then(|wte| wte.size().first().copied());
        let config = Gpt2Config { vocab_size: tokens.unwrap_or(self.config.vocab_size), ..self.config.clone() };
        Ok(Box::new(Self::build(config, weights, adapter, false)?))
    }
}

impl TrainableModel for Gpt2 {
    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn hyper_parameters(&self) -> Result<serde_json::Value> {
        hyper_parameters(&Gpt2Config {
            n_inner: Some(self.config.n_inner()),
            extra: BTreeMap::new(),
            ..self.config.clone()
        })
    }

    fn training_memory(&self, sequences: u64, length: u64) -> Option<TrainingMemory> {
        Some(self.training_memory_of(sequences, length))
    }

    fn set_training(&mut self, training: bool) {
        self.training = training;
    }

    fn set_gradient_checkpointing(&mut self, on: bool) -> Result<()> {
        self.gradient_checkpointing = on;
        Ok(())
    }

    fn save_pretrained(&self, dir: &Path, overwrite: bool) -> Result<()> {
        crate::save::save_pretrained(dir, &self.config, &self.parameters, self.kind(), overwrite)
    }
}
