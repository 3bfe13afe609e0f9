use super::fields::Fields;
use super::rope::{Rope, Ropes};
use crate::layers::Activation;
use serde::Serialize;

/// What a config means: the sizes and options from which the decoder is built. Both forms of a config give the same.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct HyperParameters {
    pub vocab_size: i64,
    /// The token whose input embedding gets no gradient.
    pub padding_idx: Option<i64>,
    pub hidden_size: i64,
    pub intermediate_size: i64,
    pub heads: i64,
    pub kv_heads: i64,
    pub head_dim: i64,
    pub max_position_embeddings: i64,
    pub qkv_bias: bool,
    pub output_bias: bool,
    pub mlp_bias: bool,
    pub activation: Activation,
    pub norm_eps: f64,
    pub attention_dropout: f64,
    /// Whether the output projection is the token embedding.
    pub tied: bool,
    /// Norms of the queries and keys of each head.
    pub qk_norms: bool,
    /// As in Gemma: the embeddings are scaled by `√hidden_size`, the outputs of attention and of the feed-forward network are normalised,
    /// and norms store their weights minus 1.
    pub gemma: bool,
    /// Factor of the attention scores.
    pub attention_scale: f64,
    pub attention_softcap: Option<f64>,
    pub logit_softcap: Option<f64>,
    /// The sliding window of each block.
    pub windows: Vec<Option<i64>>,
    pub ropes: Ropes,
}

impl HyperParameters {
    /// Those of Llama, from which the other architectures depart. `head_dim` and `kv_heads` are the defaults of the architecture, `None`
    /// for `hidden_size / heads` and `heads`.
    pub fn new(
        fields: &Fields,
        [head_dim, kv_heads]: [Option<i64>; 2],
        windows: Vec<Option<i64>>,
        ropes: Ropes,
    ) -> Result<Self, String> {
        let heads = fields.num_attention_heads;
        if heads < 1 {
            return Err(format!("num_attention_heads is {heads}, expected at least 1"));
        }
        let head_dim = match fields.head_dim.or(head_dim) {
            Some(head_dim) => head_dim,
            None if fields.hidden_size % heads == 0 => fields.hidden_size / heads,
            None => {
                return Err(format!(
                    "hidden_size {} is not a multiple of num_attention_heads {heads}, and head_dim is not set",
                    fields.hidden_size
                ));
            }
        };
        Ok(Self {
            vocab_size: fields.vocab_size,
            padding_idx: None,
            hidden_size: fields.hidden_size,
            intermediate_size: fields.intermediate_size,
            heads,
            kv_heads: fields.num_key_value_heads.or(kv_heads).unwrap_or(heads),
            head_dim,
            max_position_embeddings: fields.max_position_embeddings,
            qkv_bias: false,
            output_bias: false,
            mlp_bias: false,
            activation: fields.hidden_act.unwrap_or(Activation::Silu),
            norm_eps: fields.rms_norm_eps,
            attention_dropout: fields.attention_dropout.unwrap_or(0.0),
            tied: false,
            qk_norms: false,
            gemma: false,
            attention_scale: (head_dim as f64).sqrt().recip(),
            attention_softcap: None,
            logit_softcap: None,
            windows,
            ropes,
        })
    }

    /// With biases of all four projections of attention if the config says so.
    pub fn with_attention_bias(self, fields: &Fields) -> Self {
        let bias = fields.attention_bias.unwrap_or(false);
        Self { qkv_bias: bias, output_bias: bias, ..self }
    }

    /// The rotary embedding of blocks with full attention.
    pub fn rope(&self) -> &Rope {
        &self.ropes.full
    }
}
