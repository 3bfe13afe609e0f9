//! A family of small decoders put together from the crate's parts, with everything that GPT-2 has not.

use align_models::Result;
use align_models::checkpoint::{Layout, TensorSpec};
use align_models::decoder::{
    Block, Decoder, DecoderConfig, DecoderLm, FeedForward, Positions, Projections, RopeScaling, Rotary, SelfAttention,
};
use align_models::layers::{Activation, Linear, Norm, Weights};
use align_models::{Error, Parameters};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::Path;
use tch::{Device, Kind, Tensor};

pub const VOCAB: i64 = 31;
pub const WIDTH: i64 = 12;
pub const LAYERS: i64 = 2;
pub const INNER: i64 = 20;
pub const THETA: f64 = 500.0;
pub const EPS: f64 = 1e-5;

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Normalisation {
    LayerWithoutBias,
    Rms,
    RmsOfOffset,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Toy {
    pub vocab_size: i64,
    pub heads: i64,
    pub kv_heads: i64,
    pub head_dim: i64,
    /// Numbers of each head that are rotated.
    pub rotated: i64,
    pub qkv_bias: bool,
    pub qk_norms: bool,
    pub gated: bool,
    pub normalisation: Normalisation,
    pub embedding_scale: Option<f64>,
    pub tied: bool,
}

/// Llama's parts.
pub fn llama() -> Toy {
    Toy {
        vocab_size: VOCAB,
        heads: 4,
        kv_heads: 2,
        head_dim: 4,
        rotated: 4,
        qkv_bias: false,
        qk_norms: false,
        gated: true,
        normalisation: Normalisation::Rms,
        embedding_scale: None,
        tied: false,
    }
}

/// Llama's parts and, by name, those of other families.
pub fn families() -> [(&'static str, Toy); 4] {
    let qwen = Toy { qkv_bias: true, qk_norms: true, kv_heads: 1, tied: true, ..llama() };
    let scale = Some((WIDTH as f64).sqrt());
    let gemma = Toy { normalisation: Normalisation::RmsOfOffset, embedding_scale: scale, tied: true, ..llama() };
    let neox = Toy { kv_heads: 4, rotated: 2, gated: false, normalisation: Normalisation::LayerWithoutBias, ..llama() };
    [("llama", llama()), ("qwen", qwen), ("gemma", gemma), ("neox", neox)]
}

impl Toy {
    fn norm(&self, w: &Weights) -> Result<Norm> {
        match self.normalisation {
            Normalisation::LayerWithoutBias => Norm::layer(w, EPS, false),
            Normalisation::Rms => Norm::rms(w, EPS),
            Normalisation::RmsOfOffset => Norm::rms_with_offset(w, EPS),
        }
    }

    fn block(&self, w: &Weights) -> Result<Block> {
        let attention = w.child("self_attn");
        let project = |name: &str| Linear::load(&attention.child(name), self.qkv_bias);
        let mlp = |name: &str| Linear::load(&w.child("mlp").child(name), false);
        let head_norm = |name: &str| self.norm(&attention.child(name));
        Ok(Block {
            attention_norm: self.norm(&w.child("input_layernorm"))?,
            attention: SelfAttention {
                projections: Projections::Separate {
                    query: project("q_proj")?,
                    key: project("k_proj")?,
                    value: project("v_proj")?,
                },
                output: Linear::load(&attention.child("o_proj"), false)?,
                heads: self.heads,
                kv_heads: self.kv_heads,
                head_dim: self.head_dim,
                scale: (self.head_dim as f64).sqrt().recip(),
                qk_norms: if self.qk_norms { Some([head_norm("q_norm")?, head_norm("k_norm")?]) } else { None },
                window: None,
                softcap: None,
                dropout: 0.0,
            },
            attention_output_norm: None,
            feed_forward_norm: self.norm(&w.child("post_attention_layernorm"))?,
            feed_forward: match self.gated {
                true => FeedForward::Gated {
                    gate: mlp("gate_proj")?,
                    up: mlp("up_proj")?,
                    activation: Activation::Silu,
                    down: mlp("down_proj")?,
                },
                false => {
                    FeedForward::Plain { up: mlp("up_proj")?, activation: Activation::Gelu, down: mlp("down_proj")? }
                }
            },
            feed_forward_output_norm: None,
            dropout: 0.0,
        })
    }
}

impl DecoderConfig for Toy {
    const EMBEDDING: &'static str = "model.embed_tokens.weight";
    const LORA_TARGETS: &'static [&'static str] = &["q_proj", "v_proj"];

    fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|e| Error::Input(e.to_string()))?;
        serde_json::from_str(&text).map_err(|e| Error::Input(e.to_string()))
    }

    fn layout(&self) -> Layout {
        let mut tensors = vec![TensorSpec::new(Self::EMBEDDING, [self.vocab_size, WIDTH])];
        let (queries, keys) = (self.heads * self.head_dim, self.kv_heads * self.head_dim);
        for layer in 0..LAYERS {
            let mut add = |name: &str, shape: &[i64]| {
                tensors.push(TensorSpec::new(format!("model.layers.{layer}.{name}"), shape))
            };
            for (name, width) in [("q_proj", queries), ("k_proj", keys), ("v_proj", keys)] {
                add(&format!("self_attn.{name}.weight"), &[width, WIDTH]);
                if self.qkv_bias {
                    add(&format!("self_attn.{name}.bias"), &[width]);
                }
            }
            add("self_attn.o_proj.weight", &[WIDTH, queries]);
            if self.qk_norms {
                add("self_attn.q_norm.weight", &[self.head_dim]);
                add("self_attn.k_norm.weight", &[self.head_dim]);
            }
            if self.gated {
                add("mlp.gate_proj.weight", &[INNER, WIDTH]);
            }
            add("mlp.up_proj.weight", &[INNER, WIDTH]);
            add("mlp.down_proj.weight", &[WIDTH, INNER]);
            add("input_layernorm.weight", &[WIDTH]);
            add("post_attention_layernorm.weight", &[WIDTH]);
        }
        tensors.push(TensorSpec::new("model.norm.weight", [WIDTH]));
        let tied = self.tied.then(|| (Self::HEAD.to_owned(), Self::EMBEDDING.to_owned()));
        if !self.tied {
            tensors.push(TensorSpec::new(Self::HEAD, [self.vocab_size, WIDTH]));
        }
        Layout { prefix: "model.", tensors, tied, ignored: |_| false, strict: true }
    }

    fn decoder(&self, w: &Weights) -> Result<Decoder> {
        let model = w.child("model");
        let embedding = model.tensor("embed_tokens.weight")?;
        Ok(Decoder {
            positions: Positions::Rotary(Rotary::new(THETA, self.rotated, RopeScaling::Default, embedding.device())?),
            embedding,
            padding_idx: None,
            embedding_scale: self.embedding_scale,
            max_position_embeddings: 64,
            dropout: 0.0,
            blocks: (0..LAYERS).map(|layer| self.block(&model.child("layers").child(layer))).collect::<Result<_>>()?,
            norm: self.norm(&model.child("norm"))?,
        })
    }

    fn is_tied(&self) -> bool {
        self.tied
    }

    fn adjust_to_weights(&mut self, vocab_size: i64, tied: bool) {
        self.vocab_size = vocab_size;
        self.tied &= tied;
    }

    fn eos_token_ids(&self) -> &[i64] {
        &[]
    }

    fn bos_token_id(&self) -> Option<i64> {
        None
    }

    fn hyper_parameters(&self) -> Result<Value> {
        serde_json::to_value(self).map_err(|e| Error::Input(e.to_string()))
    }
}

/// A model with weights that are waves, all of them different.
pub fn model(config: &Toy, kind: Kind) -> DecoderLm<Toy> {
    let wave = |(place, spec): (usize, TensorSpec)| {
        let count = spec.shape.iter().product::<i64>();
        let angles = Tensor::arange(count, (Kind::Double, Device::Cpu)) * (1.7 + 0.13 * place as f64) + place as i64;
        let size = if spec.name.contains("norm") { 0.9 } else { 0.4 };
        (spec.name, (angles.sin() * size).view(spec.shape.as_slice()).to_kind(kind))
    };
    let weights = config.layout().tensors.into_iter().enumerate().map(wave).collect();
    DecoderLm::from_parameters(config.clone(), Parameters::new(weights)).unwrap()
}
