//! Checks of a config.

use super::hyper_parameters::HyperParameters;
use serde_json::{Map, Value};

/// Fields whose other values change what a model computes, with their neutral value.
const UNSUPPORTED: [(&str, f64, &str); 6] = [
    ("pretraining_tp", 1.0, "products split for tensor parallelism are not supported"),
    ("partial_rotary_factor", 1.0, "rotating a part of each head is not supported"),
    ("rope_interleaved", 0.0, "rotary embeddings of adjacent pairs are not supported"),
    ("use_bidirectional_attention", 0.0, "only causal attention is supported"),
    ("use_mrope", 0.0, "multimodal rotary embeddings are not supported"),
    ("add_cross_attention", 0.0, "cross-attention is not supported"),
];

/// Fails if a field asks for something that is not supported.
pub(super) fn reject_unsupported(given: &Map<String, Value>) -> Result<(), String> {
    for (name, neutral, reason) in UNSUPPORTED {
        let value = given.get(name).unwrap_or(&Value::Null);
        let number = value.as_bool().map(|on| f64::from(u8::from(on))).or(value.as_f64());
        if !value.is_null() && number != Some(neutral) {
            return Err(format!("{name} is {value}: {reason}"));
        }
    }
    Ok(())
}

/// Fails if one of the fields is set, which the architecture does not have.
pub(super) fn reject_biases(architecture: &str, fields: &[(&str, Option<bool>)]) -> Result<(), String> {
    match fields.iter().find(|(_, bias)| *bias == Some(true)) {
        Some((name, _)) => Err(format!("{name} is true, but {architecture} has no such biases")),
        None => Ok(()),
    }
}

/// The number of blocks, checked.
pub(super) fn blocks(num_hidden_layers: i64) -> Result<i64, String> {
    in_range("num_hidden_layers", num_hidden_layers, 1 << 12)?;
    Ok(num_hidden_layers)
}

/// Checks the sizes. The bounds keep every product of two far below the range of i64.
pub(super) fn check(hyper: &HyperParameters) -> Result<(), String> {
    for (field, value, max) in [
        ("vocab_size", hyper.vocab_size, 1 << 24),
        ("hidden_size", hyper.hidden_size, 1 << 18),
        ("intermediate_size", hyper.intermediate_size, 1 << 20),
        ("num_attention_heads", hyper.heads, 1 << 12),
        ("num_key_value_heads", hyper.kv_heads, 1 << 12),
        ("head_dim", hyper.head_dim, 1 << 16),
        ("max_position_embeddings", hyper.max_position_embeddings, 1 << 24),
    ] {
        in_range(field, value, max)?;
    }
    if hyper.heads % hyper.kv_heads != 0 {
        return Err(format!(
            "num_attention_heads {} is not a multiple of num_key_value_heads {}",
            hyper.heads, hyper.kv_heads
        ));
    }
    if hyper.head_dim % 2 != 0 {
        return Err(format!("head_dim is {}, but rotary embeddings need an even number", hyper.head_dim));
    }
    if hyper.head_dim == 2 && matches!(hyper.rope().scaling, crate::decoder::RopeScaling::Dynamic { .. }) {
        return Err("head_dim is 2, but rope_type \"dynamic\" needs at least 4".into());
    }
    if !(hyper.norm_eps > 0.0 && hyper.norm_eps.is_finite()) {
        return Err(format!("rms_norm_eps is {}, expected a positive number", hyper.norm_eps));
    }
    if !(0.0..1.0).contains(&hyper.attention_dropout) {
        return Err(format!("attention_dropout is {}, expected at least 0 and below 1", hyper.attention_dropout));
    }
    Ok(())
}

/// Checks that the ids of special tokens are in the vocabulary.
pub(super) fn check_ids(bos: Option<i64>, eos: &[i64], vocab_size: i64) -> Result<(), String> {
    let bos = bos.map(|id| ("bos_token_id", id));
    let outside = bos.into_iter().chain(eos.iter().map(|id| ("eos_token_id", *id)));
    match outside.into_iter().find(|(_, id)| !(0..vocab_size).contains(id)) {
        Some((field, id)) => Err(format!("{field} is {id}, outside the vocabulary of {vocab_size} ids")),
        None => Ok(()),
    }
}

/// The padding token among the embeddings. A negative id counts from the end, as in PyTorch.
pub(super) fn padding_idx(pad_token_id: Option<i64>, vocab_size: i64) -> Result<Option<i64>, String> {
    match pad_token_id {
        None => Ok(None),
        Some(id) if (0..vocab_size).contains(&id) => Ok(Some(id)),
        Some(id) if (-vocab_size..0).contains(&id) => Ok(Some(id + vocab_size)),
        Some(id) => Err(format!("pad_token_id is {id}, outside the vocabulary of {vocab_size} ids")),
    }
}

fn in_range(field: &str, value: i64, max: i64) -> Result<(), String> {
    match (1..=max).contains(&value) {
        true => Ok(()),
        false => Err(format!("{field} is {value}, expected 1 to {max}")),
    }
}
