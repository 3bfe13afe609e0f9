//! Llama and the decoders built like it: Mistral, Qwen 2 and 3, Gemma 2 and 3. They have rotary positions, RMS norms, grouped queries and
//! gated feed-forward networks, and the same names of weights. The file of an architecture lists what is different in it.

mod architecture;
mod architectures;
mod config;
mod fields;
mod gemma2;
mod gemma3;
mod hyper_parameters;
mod layer_types;
mod layout;
mod llama;
mod mistral;
mod qwen2;
mod qwen3;
mod rope;
mod validation;

pub use config::LlamaFamilyConfig;

use crate::decoder::{
    Block, Decoder, DecoderConfig, DecoderLm, FeedForward, Positions, Projections, RopeScaling, Rotary, SelfAttention,
};
use crate::layers::{Linear, Norm, Weights};
use crate::random_weights::{Init, initializer_range, random_weights};
use crate::{Parameters, Result, checkpoint, identity};
use hyper_parameters::HyperParameters;
use layout::NormNames;
use rope::Rope;
use serde_json::Value;
use std::path::Path;
use tch::{Device, Kind};

/// A decoder of the Llama family with its language-model head.
pub type LlamaFamily = DecoderLm<LlamaFamilyConfig>;

/// Longest sequence with dynamic rotary embeddings, which have no limit.
const UNLIMITED: i64 = 1 << 24;

impl DecoderConfig for LlamaFamilyConfig {
    const EMBEDDING: &'static str = layout::EMBEDDING;
    const HEAD: &'static str = layout::HEAD;
    const LORA_TARGETS: &'static [&'static str] = &["q_proj", "v_proj"];

    fn read(path: &Path) -> Result<Self> {
        Self::from_file(path)
    }

    fn layout(&self) -> checkpoint::Layout {
        Self::layout(self)
    }

    fn decoder(&self, w: &Weights) -> Result<Decoder> {
        let (hyper, base) = (&self.hyper, w.child("model"));
        let embedding = base.tensor("embed_tokens.weight")?;
        let dynamic = matches!(hyper.rope().scaling, RopeScaling::Dynamic { .. });
        let block =
            |(block, window): (usize, &Option<i64>)| hyper.block(*window, &base.child(format_args!("layers.{block}")));
        Ok(Decoder {
            padding_idx: hyper.padding_idx,
            embedding_scale: hyper.gemma.then(|| (hyper.hidden_size as f64).sqrt()),
            positions: hyper.positions(embedding.device())?,
            max_position_embeddings: if dynamic { UNLIMITED } else { hyper.max_position_embeddings },
            dropout: 0.0,
            blocks: hyper.windows.iter().enumerate().map(block).collect::<Result<_>>()?,
            norm: hyper.norm(&base.child("norm"))?,
            embedding,
        })
    }

    fn is_tied(&self) -> bool {
        self.hyper.tied
    }

    fn logit_softcap(&self) -> Option<f64> {
        self.hyper.logit_softcap
    }

    fn adjust_to_weights(&mut self, vocab_size: i64, tied: bool) {
        self.set_vocab_size(vocab_size);
        if self.hyper.tied && !tied {
            self.untie();
        }
    }

    fn eos_token_ids(&self) -> &[i64] {
        Self::eos_token_ids(self)
    }

    fn bos_token_id(&self) -> Option<i64> {
        Self::bos_token_id(self)
    }

    fn hyper_parameters(&self) -> Result<Value> {
        identity::hyper_parameters(&self.hyper)
    }
}

impl HyperParameters {
    fn positions(&self, device: Device) -> Result<Positions> {
        let rotary = |rope: &Rope| Rotary::new(rope.theta, self.head_dim, rope.scaling, device);
        let full = rotary(&self.ropes.full)?;
        match &self.ropes.sliding {
            Some(sliding) => Ok(Positions::RotaryByWindow { full, sliding: rotary(sliding)? }),
            None => Ok(Positions::Rotary(full)),
        }
    }

    fn norm(&self, w: &Weights) -> Result<Norm> {
        if self.gemma { Norm::rms_with_offset(w, self.norm_eps) } else { Norm::rms(w, self.norm_eps) }
    }

    fn block(&self, window: Option<i64>, w: &Weights) -> Result<Block> {
        let names = NormNames::new(self);
        let norm = |name: &str| self.norm(&w.child(name));
        let mlp = |name: &str| Linear::load(&w.child("mlp").child(name), self.mlp_bias);
        Ok(Block {
            attention_norm: norm(names.attention)?,
            attention: self.attention(window, &w.child("self_attn"))?,
            attention_output_norm: names.attention_output.map(norm).transpose()?,
            feed_forward_norm: norm(names.feed_forward)?,
            feed_forward: FeedForward::Gated {
                gate: mlp("gate_proj")?,
                up: mlp("up_proj")?,
                activation: self.activation,
                down: mlp("down_proj")?,
            },
            feed_forward_output_norm: names.feed_forward_output.map(norm).transpose()?,
            dropout: 0.0,
        })
    }

    fn attention(&self, window: Option<i64>, w: &Weights) -> Result<SelfAttention> {
        let project = |name: &str| Linear::load(&w.child(name), self.qkv_bias);
        let norm = |name: &str| self.norm(&w.child(name));
        Ok(SelfAttention {
            projections: Projections::Separate {
                query: project("q_proj")?,
                key: project("k_proj")?,
                value: project("v_proj")?,
            },
            output: Linear::load(&w.child("o_proj"), self.output_bias)?,
            heads: self.heads,
            kv_heads: self.kv_heads,
            head_dim: self.head_dim,
            scale: self.attention_scale,
            qk_norms: if self.qk_norms { Some([norm("q_norm")?, norm("k_norm")?]) } else { None },
            window,
            softcap: self.attention_softcap,
            dropout: self.attention_dropout,
        })
    }
}

impl LlamaFamily {
    /// Creates a model with random weights, initialised as in transformers: normal with the config's `initializer_range` (default 0.02);
    /// biases are 0, and norms change nothing.
    ///
    /// The weights are a function of the config and the seed.
    ///
    /// # Errors
    /// The weights do not fit into memory; see [`LlamaFamilyConfig::check_memory`].
    pub fn new_random(mut config: LlamaFamilyConfig, seed: u64, kind: Kind, device: Device) -> Result<Self> {
        config.check_memory(kind, device)?;
        if let Some(architecture) = config.architecture() {
            config.json.insert("architectures".into(), vec![architecture.class].into());
        }
        let std = initializer_range(config.json.get("initializer_range"));
        let norm = if config.hyper.gemma { Init::Zeros } else { Init::Ones };
        let init = |name: &str| match name {
            _ if name.ends_with(".bias") => Init::Zeros,
            _ if name.ends_with("norm.weight") => norm,
            _ => Init::Normal(std),
        };
        let weights = random_weights(&config.layout(), seed, |_| true, init, (kind, device))?;
        Self::from_parameters(config, Parameters::new(weights))
    }
}
