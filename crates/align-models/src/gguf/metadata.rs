//! The metadata that describe a model, from the fields of its `config.json`.

use super::architecture::Architecture;
use super::config::{period, query_scalar};
use super::rope;
use align_gguf::Metadata;
use serde_json::{Map, Value, json};

/// The window of an architecture that has one, if its config does not say.
const DEFAULT_WINDOW: u64 = 4096;

/// The metadata of a model, and the values of the tensor [`rope::FACTORS`] if it needs one.
pub(super) type Described = (Metadata, Option<Vec<f32>>);

/// Describes a model, or says which field of its config GGUF cannot express.
pub(super) fn describe(architecture: &Architecture, config: &Map<String, Value>) -> Result<Described, String> {
    let name = architecture.name;
    let mut metadata = Metadata::default();
    metadata.set("general.architecture", name);
    metadata.set("general.type", "model");
    let number = |field: &str| config.get(field).and_then(Value::as_u64);
    let needed = |field: &str| number(field).ok_or_else(|| format!("config.json has no {field}"));
    let small =
        |field: &str, value: u64| u32::try_from(value).map_err(|_| format!("{field} is {value}, which is too large"));
    for (field, key) in architecture.fields {
        let value = match *field {
            "n_inner" => number(field).unwrap_or(4 * needed("n_embd")?),
            "num_key_value_heads" => number(field).unwrap_or(needed("num_attention_heads")?),
            field => needed(field)?,
        };
        metadata.set(format!("{name}.{key}"), small(field, value)?);
    }
    metadata.set(format!("{name}.vocab_size"), small("vocab_size", needed("vocab_size")?)?);
    if name == "gpt2" {
        check_gpt2(config)?;
        let epsilon = config.get("layer_norm_epsilon").and_then(Value::as_f64).unwrap_or(1e-5);
        metadata.set("gpt2.attention.layer_norm_epsilon", epsilon as f32);
        return Ok((metadata, None));
    }
    let epsilon = config.get("rms_norm_eps").and_then(Value::as_f64).ok_or("config.json has no rms_norm_eps")?;
    metadata.set(format!("{name}.attention.layer_norm_rms_epsilon"), epsilon as f32);
    let head_dim = match name {
        "llama" | "qwen2" => {
            number("head_dim").unwrap_or(needed("hidden_size")? / needed("num_attention_heads")?.max(1))
        }
        _ => needed("head_dim")?,
    };
    for key in ["attention.key_length", "attention.value_length", "rope.dimension_count"] {
        metadata.set(format!("{name}.{key}"), small("head_dim", head_dim)?);
    }
    check_decoder(architecture, config)?;
    let has_window = ["mistral", "gemma2", "gemma3_text"].contains(&architecture.model_type);
    let window = if config.contains_key("sliding_window") { number("sliding_window") } else { Some(DEFAULT_WINDOW) };
    if let Some(window) = window.filter(|_| has_window) {
        metadata.set(format!("{name}.attention.sliding_window"), small("sliding_window", window)?);
    }
    for field in ["attn_logit_softcapping", "final_logit_softcapping"] {
        if let Some(cap) = config.get(field).and_then(Value::as_f64) {
            metadata.set(format!("{name}.{field}"), cap as f32);
        }
    }
    let rope = rope_parameters(config);
    let rope = match rope.get("full_attention") {
        Some(global) => {
            let local = rope.get("sliding_attention").cloned().unwrap_or_default();
            set_local_rope(&mut metadata, &local)?;
            global.clone()
        }
        None => rope,
    };
    let factors = rope::set(&mut metadata, name, &rope, head_dim)?;
    if factors.is_some() && name != "llama" {
        return Err(format!("rope_type llama3 can be written as GGUF only for llama, not for {name}"));
    }
    Ok((metadata, factors))
}

/// The positions of Gemma 3's layers with a window, of which GGUF has only the base.
fn set_local_rope(metadata: &mut Metadata, rope: &Value) -> Result<(), String> {
    let kind = rope.get("rope_type").and_then(Value::as_str).unwrap_or("default");
    if kind != "default" {
        return Err(format!("rope_parameters.sliding_attention has rope_type {kind}, which GGUF does not have"));
    }
    if let Some(theta) = rope.get("rope_theta").and_then(Value::as_f64) {
        metadata.set("gemma3.rope.freq_base_swa", theta as f32);
    }
    Ok(())
}

/// The field `rope_parameters`, or what transformers 4 wrote instead of it.
fn rope_parameters(config: &Map<String, Value>) -> Value {
    if let Some(rope) = config.get("rope_parameters").filter(|rope| rope.is_object()) {
        return rope.clone();
    }
    let mut rope = config.get("rope_scaling").and_then(Value::as_object).cloned().unwrap_or_default();
    if let Some(kind) = rope.remove("type") {
        rope.entry("rope_type").or_insert(kind);
    }
    if let Some(theta) = config.get("rope_theta") {
        rope.insert("rope_theta".to_owned(), theta.clone());
    }
    match config.get("rope_local_base_freq") {
        Some(local) => json!({"full_attention": rope, "sliding_attention": {"rope_theta": local}}),
        None => Value::Object(rope),
    }
}

fn check_gpt2(config: &Map<String, Value>) -> Result<(), String> {
    for (field, only) in [
        ("scale_attn_weights", json!(true)),
        ("scale_attn_by_inverse_layer_idx", json!(false)),
        ("bias", json!(true)),
        ("activation_function", json!("gelu_new")),
    ] {
        require(config, field, &only)?;
    }
    Ok(())
}

fn check_decoder(architecture: &Architecture, config: &Map<String, Value>) -> Result<(), String> {
    let name = architecture.name;
    if !name.starts_with("gemma") {
        require(config, "hidden_act", &json!("silu"))?;
        if name.starts_with("qwen") {
            require(config, "use_sliding_window", &json!(false))?;
            require(config, "attention_bias", &json!(false))?;
            let kinds = config.get("layer_types").and_then(Value::as_array).into_iter().flatten();
            if kinds.into_iter().any(|kind| kind != "full_attention") {
                return Err(
                    "layer_types: llama.cpp expects full_attention in every layer of this architecture".to_owned()
                );
            }
        }
        return Ok(());
    }
    require(config, "hidden_activation", &json!("gelu_pytorch_tanh"))?;
    let layers = config.get("num_hidden_layers").and_then(Value::as_u64).unwrap_or(0);
    let scalar = query_scalar(name, layers, config);
    if config.get("query_pre_attn_scalar").and_then(Value::as_f64) != Some(scalar as f64) {
        let found = config.get("query_pre_attn_scalar").unwrap_or(&Value::Null);
        return Err(format!("query_pre_attn_scalar is {found}, but llama.cpp computes with {scalar} for this model"));
    }
    let period = period(name);
    let full = |(index, kind): (usize, &Value)| (kind == "full_attention") == (index as u64 + 1).is_multiple_of(period);
    let kinds = config.get("layer_types").and_then(Value::as_array);
    match kinds.is_none_or(|kinds| kinds.iter().enumerate().all(full)) {
        true => Ok(()),
        false => Err(format!("layer_types: llama.cpp expects full_attention in every layer {period}, and in no other")),
    }
}

/// Fails if a field is set to another value than the only one that llama.cpp computes with.
fn require(config: &Map<String, Value>, field: &str, only: &Value) -> Result<(), String> {
    match config.get(field) {
        None | Some(Value::Null) => Ok(()),
        Some(value) if value == only => Ok(()),
        Some(value) => Err(format!("{field} is {value}, but llama.cpp computes with {only} for this architecture")),
    }
}
