use super::hyper_parameters::HyperParameters;
use crate::checkpoint::{Layout, TensorSpec};

/// The name of the token embedding.
pub(super) const EMBEDDING: &str = "model.embed_tokens.weight";
/// The name of the output projection.
pub(super) const HEAD: &str = "lm_head.weight";

/// The norms of a block: before and after attention, before and after the feed-forward network. Only Gemma has all four.
pub(super) struct NormNames {
    pub attention: &'static str,
    pub attention_output: Option<&'static str>,
    pub feed_forward: &'static str,
    pub feed_forward_output: Option<&'static str>,
}

impl NormNames {
    pub fn new(hyper: &HyperParameters) -> Self {
        match hyper.gemma {
            true => Self {
                attention: "input_layernorm",
                attention_output: Some("post_attention_layernorm"),
                feed_forward: "pre_feedforward_layernorm",
                feed_forward_output: Some("post_feedforward_layernorm"),
            },
            false => Self {
                attention: "input_layernorm",
                attention_output: None,
                feed_forward: "post_attention_layernorm",
                feed_forward_output: None,
            },
        }
    }

    fn all(&self) -> impl Iterator<Item = &'static str> {
        let outputs = self.attention_output.into_iter().chain(self.feed_forward_output);
        [self.attention, self.feed_forward].into_iter().chain(outputs)
    }
}

/// Names and shapes of the tensors in a checkpoint.
pub(super) fn layout(hyper: &HyperParameters) -> Layout {
    let (d, inner) = (hyper.hidden_size, hyper.intermediate_size);
    let (queries, keys) = (hyper.heads * hyper.head_dim, hyper.kv_heads * hyper.head_dim);
    let mut tensors = vec![TensorSpec::new(EMBEDDING, [hyper.vocab_size, d])];
    for block in 0..hyper.windows.len() {
        let name = |name: &str| format!("model.layers.{block}.{name}");
        let mut linear = |module: &str, bias: bool, outputs: i64, inputs: i64| {
            tensors.push(TensorSpec::new(name(&format!("{module}.weight")), [outputs, inputs]));
            if bias {
                tensors.push(TensorSpec::new(name(&format!("{module}.bias")), [outputs]));
            }
        };
        linear("self_attn.q_proj", hyper.qkv_bias, queries, d);
        linear("self_attn.k_proj", hyper.qkv_bias, keys, d);
        linear("self_attn.v_proj", hyper.qkv_bias, keys, d);
        linear("self_attn.o_proj", hyper.output_bias, d, queries);
        linear("mlp.gate_proj", hyper.mlp_bias, inner, d);
        linear("mlp.up_proj", hyper.mlp_bias, inner, d);
        linear("mlp.down_proj", hyper.mlp_bias, d, inner);
        if hyper.qk_norms {
            for norm in ["q_norm", "k_norm"] {
                tensors.push(TensorSpec::new(name(&format!("self_attn.{norm}.weight")), [hyper.head_dim]));
            }
        }
        for norm in NormNames::new(hyper).all() {
            tensors.push(TensorSpec::new(name(&format!("{norm}.weight")), [d]));
        }
    }
    tensors.push(TensorSpec::new("model.norm.weight", [d]));
    let tied = hyper.tied.then(|| (HEAD.to_owned(), EMBEDDING.to_owned()));
    if !hyper.tied {
        tensors.push(TensorSpec::new(HEAD, [hyper.vocab_size, d]));
    }
    Layout { prefix: "model.", tensors, tied, ignored: is_rotary_buffer, strict: false }
}

/// Old checkpoints contain the frequencies of each block (`layers.0.self_attn.rotary_emb.inv_freq`).
fn is_rotary_buffer(name: &str) -> bool {
    name.ends_with(".rotary_emb.inv_freq")
}
