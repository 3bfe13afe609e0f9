//! GPT-2: a decoder with learned positions and pre-norm blocks.

mod config;
mod nanogpt;

pub use config::Gpt2Config;

use crate::checkpoint::{Checkpoint, Layout};
use crate::decoder::{Block, Decoder, DecoderConfig, DecoderLm, FeedForward, Positions, Projections, SelfAttention};
use crate::identity::hyper_parameters;
use crate::layers::{Linear, Norm, Weights};
use crate::random_weights::{Init, initializer_range, random_weights, set_model_type};
use crate::{Error, Parameters, Result};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use tch::{Device, Kind};

/// GPT-2 with its language-model head.
pub type Gpt2 = DecoderLm<Gpt2Config>;

impl DecoderConfig for Gpt2Config {
    const EMBEDDING: &'static str = "transformer.wte.weight";
    const LORA_TARGETS: &'static [&'static str] = &["c_attn"];

    fn read(path: &Path) -> Result<Self> {
        Self::from_file(path)
    }

    fn layout(&self) -> Layout {
        Self::layout(self)
    }

    fn load(&self, checkpoint: &Checkpoint, kind: Kind, device: Device) -> Result<Parameters> {
        nanogpt::load(self, checkpoint, kind, device)
    }

    fn decoder(&self, w: &Weights) -> Result<Decoder> {
        let base = w.child("transformer");
        Ok(Decoder {
            embedding: base.tensor("wte.weight")?,
            padding_idx: None,
            embedding_scale: None,
            positions: Positions::Learned(base.tensor("wpe.weight")?),
            max_position_embeddings: self.n_positions,
            dropout: self.embd_pdrop,
            blocks: (0..self.n_layer)
                .map(|layer| self.block(layer, &base.child("h").child(layer)))
                .collect::<Result<_>>()?,
            norm: Norm::layer(&base.child("ln_f"), self.layer_norm_epsilon, self.bias)?,
        })
    }

    fn is_tied(&self) -> bool {
        self.tie_word_embeddings
    }

    fn adjust_to_weights(&mut self, vocab_size: i64, tied: bool) {
        self.vocab_size = vocab_size;
        self.tie_word_embeddings &= tied;
    }

    fn eos_token_ids(&self) -> &[i64] {
        self.eos_token_id.as_deref().unwrap_or_default()
    }

    fn bos_token_id(&self) -> Option<i64> {
        self.bos_token_id
    }

    fn hyper_parameters(&self) -> Result<Value> {
        hyper_parameters(&Self { n_inner: Some(self.n_inner()), extra: BTreeMap::new(), ..self.clone() })
    }
}

impl Gpt2Config {
    fn block(&self, layer: i64, w: &Weights) -> Result<Block> {
        let (attention, mlp) = (w.child("attn"), w.child("mlp"));
        let linear = |w: &Weights, name: &str| Linear::load_transposed(&w.child(name), self.bias);
        let norm = |name: &str| Norm::layer(&w.child(name), self.layer_norm_epsilon, self.bias);
        Ok(Block {
            attention_norm: norm("ln_1")?,
            attention: SelfAttention {
                projections: Projections::Fused(linear(&attention, "c_attn")?),
                output: linear(&attention, "c_proj")?,
                heads: self.n_head,
                kv_heads: self.n_head,
                head_dim: self.n_embd / self.n_head,
                scale: self.attention_scale(layer),
                qk_norms: None,
                window: None,
                softcap: None,
                dropout: self.attn_pdrop,
            },
            attention_output_norm: None,
            feed_forward_norm: norm("ln_2")?,
            feed_forward: FeedForward::Plain {
                up: linear(&mlp, "c_fc")?,
                activation: self.activation_function,
                down: linear(&mlp, "c_proj")?,
            },
            feed_forward_output_norm: None,
            dropout: self.resid_pdrop,
        })
    }

    /// The scale of a block's attention scores.
    fn attention_scale(&self, layer: i64) -> f64 {
        let head_dim = (self.n_embd / self.n_head) as f64;
        let scale = if self.scale_attn_weights { head_dim.sqrt().recip() } else { 1.0 };
        if self.scale_attn_by_inverse_layer_idx { scale / (layer + 1) as f64 } else { scale }
    }
}

impl Gpt2 {
    /// Creates a model with random weights, initialised as in transformers: normal with the config's `initializer_range` (default 0.02),
    /// divided by `√(2 n_layer)` for the projections into the residual stream; biases are 0 and layer norm weights 1.
    ///
    /// The weights are a function of the config and the seed.
    ///
    /// # Errors
    /// The config is invalid, or the weights do not fit into memory; see [`Gpt2Config::check_memory`].
    pub fn new_random(mut config: Gpt2Config, seed: u64, kind: Kind, device: Device) -> Result<Self> {
        config.validate().map_err(|reason| Error::Input(format!("the config: {reason}")))?;
        config.check_memory(kind, device)?;
        set_model_type(&mut config.extra, "gpt2", "GPT2LMHeadModel");
        let std = initializer_range(config.extra.get("initializer_range"));
        let residual = std / (2.0 * config.n_layer as f64).sqrt();
        let init = |name: &str| match name {
            _ if name.ends_with(".bias") => Init::Zeros,
            _ if name.contains(".ln_") => Init::Ones,
            _ if name.ends_with(".c_proj.weight") => Init::Normal(residual),
            _ => Init::Normal(std),
        };
        let weights = random_weights(&config.layout(), seed, |_| true, init, (kind, device))?;
        Self::from_parameters(config, Parameters::new(weights))
    }
}
