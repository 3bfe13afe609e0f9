use crate::layers::Activation;
use serde::Deserialize;
use serde_json::{Map, Value};

/// The fields of `config.json` that determine what a decoder computes, as transformers 4 or 5 wrote them.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Fields {
    pub vocab_size: i64,
    pub hidden_size: i64,
    pub intermediate_size: i64,
    pub num_hidden_layers: i64,
    pub num_attention_heads: i64,
    pub num_key_value_heads: Option<i64>,
    pub head_dim: Option<i64>,
    pub max_position_embeddings: i64,
    #[serde(default = "default_eps")]
    pub rms_norm_eps: f64,
    pub hidden_act: Option<Activation>,
    /// Gemma's name of `hidden_act`.
    pub hidden_activation: Option<Activation>,
    pub attention_bias: Option<bool>,
    pub mlp_bias: Option<bool>,
    pub attention_dropout: Option<f64>,
    pub tie_word_embeddings: Option<bool>,
    pub bos_token_id: Option<i64>,
    pub pad_token_id: Option<i64>,
    #[serde(default, with = "crate::one_or_many")]
    pub eos_token_id: Option<Vec<i64>>,

    /// Rotary embeddings, as transformers 5 writes them.
    pub rope_parameters: Option<Map<String, Value>>,
    /// The base, as transformers 4 writes it.
    pub rope_theta: Option<f64>,
    /// The other rope parameters of transformers 4.
    pub rope_scaling: Option<Map<String, Value>>,
    /// The base in blocks with a sliding window, as transformers 4 writes it (Gemma 3).
    pub rope_local_base_freq: Option<f64>,
    pub original_max_position_embeddings: Option<i64>,

    #[serde(default = "default_window")]
    pub sliding_window: Option<i64>,
    pub use_sliding_window: Option<bool>,
    pub max_window_layers: Option<i64>,
    pub layer_types: Option<Vec<String>>,
    /// Every which block has full attention, as transformers 4 writes it (Gemma 3).
    pub sliding_window_pattern: Option<i64>,

    pub query_pre_attn_scalar: Option<f64>,
    pub attn_logit_softcapping: Option<f64>,
    pub final_logit_softcapping: Option<f64>,
}

fn default_eps() -> f64 {
    1e-6
}

#[allow(clippy::unnecessary_wraps)]
fn default_window() -> Option<i64> {
    Some(4096)
}
