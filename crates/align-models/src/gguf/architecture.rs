//! The architectures of llama.cpp that this crate has models for, and their names of tensors.

use align_gguf::GgufFile;

/// An architecture, and how its tensors are called and stored.
#[derive(Debug)]
pub(super) struct Architecture {
    /// The name in `general.architecture`.
    pub name: &'static str,
    /// The `model_type` of transformers.
    pub model_type: &'static str,
    /// The class of transformers.
    pub class: &'static str,
    /// The start of the name of a block in transformers, before its number.
    pub blocks: &'static str,
    /// Names outside of blocks: in GGUF and in transformers, without `.weight`.
    pub outer: &'static [(&'static str, &'static str)],
    /// Names in a block.
    pub inner: &'static [(&'static str, &'static str)],
    /// Fields of `config.json` and the keys of the metadata with the same meaning, without the architecture's name.
    pub fields: &'static [(&'static str, &'static str)],
    /// What distinguishes the stored values from those of transformers.
    pub storage: Storage,
}

/// How an architecture's values are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Storage {
    /// As in transformers.
    Plain,
    /// The rows of query and key projections are interleaved, for rotations of neighbouring values.
    InterleavedHeads,
    /// The weights of norms have 1 added.
    NormsPlusOne,
    /// The matrices of linear layers are transposed (those of transformers are, in GPT-2).
    TransposedLayers,
}

const OUTER: &[(&str, &str)] =
    &[("token_embd", "model.embed_tokens"), ("output_norm", "model.norm"), ("output", "lm_head")];

const DECODER: &[(&str, &str)] = &[
    ("attn_norm", "input_layernorm"),
    ("attn_q", "self_attn.q_proj"),
    ("attn_k", "self_attn.k_proj"),
    ("attn_v", "self_attn.v_proj"),
    ("attn_output", "self_attn.o_proj"),
    ("attn_q_norm", "self_attn.q_norm"),
    ("attn_k_norm", "self_attn.k_norm"),
    ("ffn_norm", "post_attention_layernorm"),
    ("ffn_gate", "mlp.gate_proj"),
    ("ffn_up", "mlp.up_proj"),
    ("ffn_down", "mlp.down_proj"),
];

/// Gemma has norms after attention and feed-forward layer too.
const GEMMA: &[(&str, &str)] = &[
    ("attn_norm", "input_layernorm"),
    ("attn_q", "self_attn.q_proj"),
    ("attn_k", "self_attn.k_proj"),
    ("attn_v", "self_attn.v_proj"),
    ("attn_output", "self_attn.o_proj"),
    ("attn_q_norm", "self_attn.q_norm"),
    ("attn_k_norm", "self_attn.k_norm"),
    ("post_attention_norm", "post_attention_layernorm"),
    ("ffn_norm", "pre_feedforward_layernorm"),
    ("post_ffw_norm", "post_feedforward_layernorm"),
    ("ffn_gate", "mlp.gate_proj"),
    ("ffn_up", "mlp.up_proj"),
    ("ffn_down", "mlp.down_proj"),
];

const GPT2_OUTER: &[(&str, &str)] = &[
    ("token_embd", "transformer.wte"),
    ("position_embd", "transformer.wpe"),
    ("output_norm", "transformer.ln_f"),
    ("output", "lm_head"),
];

const GPT2: &[(&str, &str)] = &[
    ("attn_norm", "ln_1"),
    ("attn_qkv", "attn.c_attn"),
    ("attn_output", "attn.c_proj"),
    ("ffn_norm", "ln_2"),
    ("ffn_up", "mlp.c_fc"),
    ("ffn_down", "mlp.c_proj"),
];

const FIELDS: &[(&str, &str)] = &[
    ("max_position_embeddings", "context_length"),
    ("hidden_size", "embedding_length"),
    ("num_hidden_layers", "block_count"),
    ("intermediate_size", "feed_forward_length"),
    ("num_attention_heads", "attention.head_count"),
    ("num_key_value_heads", "attention.head_count_kv"),
];

const GPT2_FIELDS: &[(&str, &str)] = &[
    ("n_positions", "context_length"),
    ("n_embd", "embedding_length"),
    ("n_layer", "block_count"),
    ("n_inner", "feed_forward_length"),
    ("n_head", "attention.head_count"),
];

const fn decoder(name: &'static str, class: &'static str, storage: Storage) -> Architecture {
    Architecture {
        name,
        model_type: name,
        class,
        blocks: "model.layers.",
        outer: OUTER,
        inner: DECODER,
        fields: FIELDS,
        storage,
    }
}

/// All architectures. Mistral is stored as `llama`; a field for the sliding window distinguishes it.
const ARCHITECTURES: [Architecture; 7] = [
    decoder("llama", "LlamaForCausalLM", Storage::InterleavedHeads),
    Architecture { model_type: "mistral", ..decoder("llama", "MistralForCausalLM", Storage::InterleavedHeads) },
    decoder("qwen2", "Qwen2ForCausalLM", Storage::Plain),
    decoder("qwen3", "Qwen3ForCausalLM", Storage::Plain),
    Architecture { inner: GEMMA, ..decoder("gemma2", "Gemma2ForCausalLM", Storage::NormsPlusOne) },
    Architecture {
        model_type: "gemma3_text",
        inner: GEMMA,
        ..decoder("gemma3", "Gemma3ForCausalLM", Storage::NormsPlusOne)
    },
    Architecture {
        blocks: "transformer.h.",
        outer: GPT2_OUTER,
        inner: GPT2,
        fields: GPT2_FIELDS,
        ..decoder("gpt2", "GPT2LMHeadModel", Storage::TransposedLayers)
    },
];

impl Architecture {
    /// The architecture of a file.
    pub fn of(file: &GgufFile) -> Result<&'static Self, String> {
        let metadata = file.metadata();
        let name = metadata.text("general.architecture").map_err(|error| error.to_string())?;
        let name = name.ok_or("has no general.architecture in its metadata: it holds no language model")?;
        let window = metadata.get(&format!("{name}.attention.sliding_window")).is_some();
        let model_type = if name == "llama" && window { "mistral" } else { name };
        let found = ARCHITECTURES.iter().find(|known| known.model_type == model_type || known.name == model_type);
        found.ok_or_else(|| {
            let mut known: Vec<&str> = ARCHITECTURES.iter().map(|known| known.name).collect();
            known.dedup();
            format!(
                "has the architecture \"{name}\", which is not supported; the supported ones are {}",
                known.join(", ")
            )
        })
    }

    /// The architecture of a `model_type`.
    pub fn of_model_type(model_type: &str) -> Result<&'static Self, String> {
        ARCHITECTURES.iter().find(|known| known.model_type == model_type).ok_or_else(|| {
            let known: Vec<&str> = ARCHITECTURES.iter().map(|known| known.model_type).collect();
            format!("model_type \"{model_type}\" cannot be written as GGUF; these can: {}", known.join(", "))
        })
    }

    /// The name of a tensor in transformers. Unknown names are returned unchanged.
    pub fn name_in_transformers(&self, gguf: &str) -> String {
        let renamed = || {
            let (stem, suffix) = gguf.rsplit_once('.')?;
            match stem.strip_prefix("blk.").and_then(|rest| rest.split_once('.')) {
                Some((number, inner)) => {
                    let (_, own) = self.inner.iter().find(|(name, _)| *name == inner)?;
                    Some(format!("{}{number}.{own}.{suffix}", self.blocks))
                }
                None => {
                    let (_, own) = self.outer.iter().find(|(name, _)| *name == stem)?;
                    Some(format!("{own}.{suffix}"))
                }
            }
        };
        renamed().unwrap_or_else(|| gguf.to_owned())
    }

    /// The name of a tensor in GGUF; `None` if the architecture has no such tensor.
    pub fn name_in_gguf(&self, transformers: &str) -> Option<String> {
        let (stem, suffix) = transformers.rsplit_once('.')?;
        match stem.strip_prefix(self.blocks).and_then(|rest| rest.split_once('.')) {
            Some((number, inner)) => {
                let (own, _) = self.inner.iter().find(|(_, name)| *name == inner)?;
                Some(format!("blk.{number}.{own}.{suffix}"))
            }
            None => {
                let (own, _) = self.outer.iter().find(|(_, name)| *name == stem)?;
                Some(format!("{own}.{suffix}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_are_translated_both_ways() {
        for (model_type, gguf, transformers) in [
            ("llama", "blk.11.attn_q.weight", "model.layers.11.self_attn.q_proj.weight"),
            ("llama", "blk.0.ffn_norm.weight", "model.layers.0.post_attention_layernorm.weight"),
            ("qwen2", "blk.3.attn_k.bias", "model.layers.3.self_attn.k_proj.bias"),
            ("gemma2", "blk.0.ffn_norm.weight", "model.layers.0.pre_feedforward_layernorm.weight"),
            ("gemma3_text", "blk.0.post_attention_norm.weight", "model.layers.0.post_attention_layernorm.weight"),
            ("gpt2", "blk.1.attn_qkv.bias", "transformer.h.1.attn.c_attn.bias"),
            ("gpt2", "position_embd.weight", "transformer.wpe.weight"),
            ("mistral", "output.weight", "lm_head.weight"),
        ] {
            let architecture = Architecture::of_model_type(model_type).unwrap();
            assert_eq!(architecture.name_in_transformers(gguf), transformers);
            assert_eq!(architecture.name_in_gguf(transformers).unwrap(), gguf);
        }
        let llama = Architecture::of_model_type("llama").unwrap();
        assert_eq!(llama.name_in_transformers("blk.0.ssm_in.weight"), "blk.0.ssm_in.weight");
        assert!(llama.name_in_gguf("model.layers.0.mlp.router.weight").is_none());
        assert!(Architecture::of_model_type("phi").unwrap_err().contains("llama, mistral, qwen2"));
    }
}
