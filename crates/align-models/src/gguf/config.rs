//! The config of a file, in the form of transformers' `config.json`.

use super::architecture::Architecture;
use super::rope;
use crate::Error;
use align_gguf::{GgufFile, Metadata};
use serde_json::{Map, Value, json};
use std::path::Path;

/// llama.cpp's number of blocks of the largest Gemma 2 and Gemma 3, whose attention has another scale.
const BLOCKS_OF_LARGEST_GEMMA: [(&str, u64); 2] = [("gemma2", 46), ("gemma3", 62)];
/// Every sixth layer of Gemma 3 and every second of Gemma 2 attends to the whole text.
const GEMMA_PERIODS: [(&str, u64); 2] = [("gemma2", 2), ("gemma3", 6)];
/// The base of the rotations in Gemma 3's layers with a window.
const GEMMA3_LOCAL_THETA: f64 = 10_000.0;
/// Most layers of a model, so that a list of their types stays small.
const MAX_LAYERS: u64 = 512;

/// The text of the `config.json` that describes the model in a file.
pub(crate) fn config_text(path: &Path) -> crate::Result<String> {
    let file = GgufFile::open(path)?;
    let fail = |reason: String| Error::Config { path: path.to_owned(), reason };
    let config = config(&file).map_err(fail)?;
    serde_json::to_string(&config).map_err(|error| fail(error.to_string()))
}

/// The metadata of one architecture.
struct Fields<'a> {
    metadata: &'a Metadata,
    architecture: &'a Architecture,
}

impl Fields<'_> {
    fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.architecture.name)
    }

    fn u64(&self, name: &str) -> Result<Option<u64>, String> {
        self.metadata.u64(&self.key(name)).map_err(|error| error.to_string())
    }

    fn f64(&self, name: &str) -> Result<Option<f64>, String> {
        self.metadata.f64(&self.key(name)).map_err(|error| error.to_string())
    }

    fn needed<T>(&self, name: &str, value: Option<T>) -> Result<T, String> {
        value.ok_or_else(|| format!("has no {} in its metadata", self.key(name)))
    }
}

fn config(file: &GgufFile) -> Result<Value, String> {
    let architecture = Architecture::of(file)?;
    let fields = Fields { metadata: file.metadata(), architecture };
    let mut config = Map::new();
    config.insert("model_type".to_owned(), architecture.model_type.into());
    config.insert("architectures".to_owned(), json!([architecture.class]));
    for (field, key) in architecture.fields {
        let value = match (*key, fields.u64(key)?) {
            // Without this field each head has its own keys and values.
            ("attention.head_count_kv", None) => fields.u64("attention.head_count")?,
            (_, value) => value,
        };
        config.insert((*field).to_owned(), fields.needed(key, value)?.into());
    }
    let embedding = file.tensor("token_embd.weight").ok_or("has no tensor token_embd.weight")?;
    config.insert("vocab_size".to_owned(), embedding.shape().first().copied().unwrap_or(0).into());
    config.insert("tie_word_embeddings".to_owned(), file.tensor("output.weight").is_none().into());
    token_ids(&fields, &mut config)?;
    if architecture.name == "gpt2" {
        let epsilon = "attention.layer_norm_epsilon";
        config.insert("layer_norm_epsilon".to_owned(), json!(fields.needed(epsilon, fields.f64(epsilon)?)?));
        return Ok(Value::Object(config));
    }
    decoder_fields(file, &fields, &mut config)?;
    if architecture.name.starts_with("gemma") {
        gemma_fields(&fields, &mut config)?;
    }
    Ok(Value::Object(config))
}

/// The ids of special tokens. A text ends with the end of text, of a turn or of a message.
fn token_ids(fields: &Fields, config: &mut Map<String, Value>) -> Result<(), String> {
    let id =
        |role: &str| fields.metadata.u64(&format!("tokenizer.ggml.{role}_token_id")).map_err(|error| error.to_string());
    let mut ends: Vec<u64> = Vec::new();
    for role in ["eos", "eot", "eom"] {
        ends.extend(id(role)?.filter(|id| !ends.contains(id)));
    }
    let ends = match ends.as_slice() {
        [] => Value::Null,
        [one] => json!(one),
        several => json!(several),
    };
    config.insert("bos_token_id".to_owned(), json!(id("bos")?));
    config.insert("eos_token_id".to_owned(), ends);
    config.insert("pad_token_id".to_owned(), json!(id("padding")?));
    Ok(())
}

/// The fields of decoders since Llama.
fn decoder_fields(file: &GgufFile, fields: &Fields, config: &mut Map<String, Value>) -> Result<(), String> {
    if fields.u64("expert_count")?.unwrap_or(0) > 0 {
        return Err("holds a mixture of experts, which is not supported".to_owned());
    }
    let number = |config: &Map<String, Value>, field: &str| config.get(field).and_then(Value::as_u64).unwrap_or(0);
    let heads = number(config, "num_attention_heads").max(1);
    let computed = number(config, "hidden_size") / heads;
    let rotated = fields.u64("rope.dimension_count")?;
    let head_dim = fields.u64("attention.key_length")?.or(rotated).unwrap_or(computed);
    let values = fields.u64("attention.value_length")?.unwrap_or(head_dim);
    if values != head_dim {
        return Err(format!("has keys of {head_dim} and values of {values} dimensions, expected the same number"));
    }
    if let Some(rotated) = rotated.filter(|rotated| *rotated != head_dim) {
        return Err(format!("rotates {rotated} of the {head_dim} dimensions of a head, which is not supported"));
    }
    let epsilon = "attention.layer_norm_rms_epsilon";
    config.insert("head_dim".to_owned(), head_dim.into());
    config.insert("hidden_act".to_owned(), "silu".into());
    config.insert("rms_norm_eps".to_owned(), json!(fields.needed(epsilon, fields.f64(epsilon)?)?));
    config.insert("rope_parameters".to_owned(), rope::parameters(file, fields.architecture.name, head_dim)?);
    let has = |name: &str| file.tensor(name).is_some();
    match fields.architecture.model_type {
        "llama" => {
            config.insert("attention_bias".to_owned(), has("blk.0.attn_q.bias").into());
            config.insert("mlp_bias".to_owned(), has("blk.0.ffn_up.bias").into());
        }
        "mistral" | "gemma2" | "gemma3_text" => {
            let window = "attention.sliding_window";
            config.insert("sliding_window".to_owned(), fields.needed(window, fields.u64(window)?)?.into());
        }
        _ => {
            config.insert("use_sliding_window".to_owned(), false.into());
            config.insert("sliding_window".to_owned(), Value::Null);
        }
    }
    Ok(())
}

/// What llama.cpp does not store, because it is the same in all models of Gemma 2 or Gemma 3.
fn gemma_fields(fields: &Fields, config: &mut Map<String, Value>) -> Result<(), String> {
    let name = fields.architecture.name;
    let number = |config: &Map<String, Value>, field: &str| config.get(field).and_then(Value::as_u64).unwrap_or(0);
    let layers = number(config, "num_hidden_layers");
    if layers > MAX_LAYERS {
        return Err(format!("has {layers} layers, expected at most {MAX_LAYERS}"));
    }
    let scalar = query_scalar(name, layers, config);
    let period = period(name);
    let kinds =
        (1..=layers).map(|layer| if layer.is_multiple_of(period) { "full_attention" } else { "sliding_attention" });
    config.insert("layer_types".to_owned(), kinds.collect());
    config.insert("query_pre_attn_scalar".to_owned(), scalar.into());
    config.insert("hidden_activation".to_owned(), "gelu_pytorch_tanh".into());
    config.remove("hidden_act");
    for (field, key) in
        [("attn_logit_softcapping", "attn_logit_softcapping"), ("final_logit_softcapping", "final_logit_softcapping")]
    {
        config.insert(field.to_owned(), json!(fields.f64(key)?));
    }
    if name == "gemma3" {
        let local = fields.f64("rope.freq_base_swa")?.unwrap_or(GEMMA3_LOCAL_THETA);
        let global = config.remove("rope_parameters");
        let rope = json!({
            "full_attention": global, "sliding_attention": {"rope_type": "default", "rope_theta": local},
        });
        config.insert("rope_parameters".to_owned(), rope);
    }
    Ok(())
}

/// Which layers of Gemma attend to the whole text: every second, or every sixth.
pub(super) fn period(architecture: &str) -> u64 {
    GEMMA_PERIODS.iter().find(|(name, _)| *name == architecture).map_or(1, |(_, period)| *period)
}

/// The number whose root divides Gemma's attention scores: the size of a head, but in the largest models the width divided by the heads.
pub(super) fn query_scalar(architecture: &str, layers: u64, config: &Map<String, Value>) -> u64 {
    let number = |field: &str| config.get(field).and_then(Value::as_u64).unwrap_or(0);
    match BLOCKS_OF_LARGEST_GEMMA.contains(&(architecture, layers)) {
        true => number("hidden_size") / number("num_attention_heads").max(1),
        false => number("head_dim"),
    }
}
