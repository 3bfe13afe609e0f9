//! GPT-2 checkpoints and configs of the hub, Cerebras and nanoGPT: each loads as an equal model.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_models::checkpoint::{Checkpoint, save_safetensors};
use align_models::{Activation, Attention, CausalLm, Gpt2, Gpt2Config, Parameters, TrainableModel};
use serde_json::{Value, json};
use std::path::Path;
use tch::{Device, Kind, Tensor};

const EMBEDDING: &str = "transformer.wte.weight";

fn config(n_inner: Option<i64>) -> Gpt2Config {
    Gpt2Config {
        vocab_size: 23,
        n_positions: 12,
        n_embd: 8,
        n_layer: 2,
        n_head: 2,
        n_inner,
        bos_token_id: None,
        eos_token_id: None,
        ..Gpt2Config::default()
    }
}

/// A model whose weights are all different, biases and norms too.
fn plain(config: &Gpt2Config) -> Gpt2 {
    let wave = |(place, spec): (usize, align_models::checkpoint::TensorSpec)| {
        let count = spec.shape.iter().product::<i64>();
        let angles = Tensor::arange(count, (Kind::Float, Device::Cpu)) * (1.3 + 0.17 * place as f64) + place as i64;
        (spec.name, (angles.sin() * 0.5).view(spec.shape.as_slice()))
    };
    let weights = config.layout().tensors.into_iter().enumerate().map(wave).collect();
    Gpt2::from_parameters(config.clone(), Parameters::new(weights)).unwrap()
}

fn logits(model: &dyn CausalLm) -> Tensor {
    let ids = Tensor::from_slice(&[3i64, 14, 15, 9, 2, 6]).view([2, 3]);
    model.logits(&model.hidden(&ids, None, &Attention::Causal, None).unwrap()).unwrap()
}

/// A folder of a config and of tensors.
fn folder(config: &Value, tensors: &[(String, Tensor)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("config.json"), config.to_string()).unwrap();
    let named = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor));
    save_safetensors(&dir.path().join("model.safetensors"), named, false).unwrap();
    dir
}

fn load(dir: &Path) -> align_models::Result<Gpt2> {
    Gpt2::from_pretrained(dir, Kind::Float, Device::Cpu)
}

fn with(mut config: Value, fields: &Value) -> Value {
    config.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    config
}

/// The fields of openai-community/gpt2-xl, in small sizes: names without a prefix, and the causal masks.
#[test]
fn other_gpt2_sizes_from_the_hub_load() {
    let json = json!({
        "activation_function": "gelu_new", "architectures": ["GPT2LMHeadModel"], "attn_pdrop": 0.1, "bos_token_id": 2,
        "embd_pdrop": 0.1, "eos_token_id": 2, "initializer_range": 0.02, "layer_norm_epsilon": 1e-05, "model_type": "gpt2",
        "n_ctx": 12, "n_embd": 8, "n_head": 2, "n_layer": 2, "n_positions": 12, "output_past": true, "resid_pdrop": 0.1,
        "summary_activation": null, "summary_first_dropout": 0.1, "summary_proj_to_labels": true, "summary_type": "cls_index",
        "summary_use_proj": true, "task_specific_params": {"text-generation": {"do_sample": true, "max_length": 50}},
        "vocab_size": 23
    });
    let model = plain(&config(None));
    let short = |name: &str| name.strip_prefix("transformer.").unwrap_or(name).to_owned();
    let mut tensors: Vec<_> = model.parameters().iter().map(|(name, t)| (short(name), t.shallow_clone())).collect();
    for layer in 0..2 {
        let mask = Tensor::ones([1, 1, 12, 12], (Kind::Float, Device::Cpu)).tril(0);
        tensors.push((format!("h.{layer}.attn.bias"), mask));
        tensors.push((format!("h.{layer}.attn.masked_bias"), Tensor::from(-1e4f32)));
    }
    let dir = folder(&json, &tensors);
    assert!(logits(&load(dir.path()).unwrap()).equal(&logits(&model)));
}

/// The fields of cerebras/Cerebras-GPT-111M, in small sizes.
#[test]
fn cerebras() {
    let json = json!({
        "model_type": "gpt2", "activation_function": "gelu", "architectures": ["GPT2LMHeadModel"], "attn_pdrop": 0.0,
        "bos_token_id": 2, "embd_pdrop": 0.0, "eos_token_id": 2, "initializer_range": 0.02, "layer_norm_epsilon": 1e-05,
        "n_embd": 8, "n_head": 2, "n_inner": 20, "n_layer": 2, "n_positions": 12, "reorder_and_upcast_attn": false,
        "resid_pdrop": 0.0, "scale_attn_by_inverse_layer_idx": false, "scale_attn_weights": true, "torch_dtype": "float32",
        "use_cache": true, "vocab_size": 23
    });
    let model = plain(&Gpt2Config { activation_function: Activation::Gelu, ..config(Some(20)) });
    let tensors: Vec<_> = model.parameters().iter().map(|(name, t)| (name.to_owned(), t.shallow_clone())).collect();
    assert!(logits(&load(folder(&json, &tensors).path()).unwrap()).equal(&logits(&model)));
    // A head of its own.
    let untied = with(json.clone(), &json!({"tie_word_embeddings": false}));
    let head = ("lm_head.weight".to_owned(), model.head() * 2.0);
    let own: Vec<_> = tensors.iter().map(|(name, t)| (name.clone(), t.shallow_clone())).chain([head]).collect();
    let found = logits(&load(folder(&untied, &own).path()).unwrap());
    assert!((found - logits(&model) * 2.0).abs().max().double_value(&[]) < 1e-5);
    // What its muP models add would be ignored.
    for (field, value) in [
        ("embeddings_scale", json!(10.0)),
        ("output_logits_scale", json!(0.125)),
        ("scale_qk_dot_by_d", json!(true)),
        ("mup_output_alpha", json!(2)),
        ("position_embedding_type", json!("alibi")),
    ] {
        let changed = with(json.clone(), &json!({field: value}));
        let problem = load(folder(&changed, &tensors).path()).unwrap_err().to_string();
        assert!(problem.contains(field) && problem.contains("config.json"), "{problem}");
    }
    let neutral = json!({"embeddings_scale": 1.0, "scale_qk_dot_by_d": false, "position_embedding_type": "learned"});
    load(folder(&with(json, &neutral), &tensors).path()).unwrap();
}

/// The content of `torch.save(model.state_dict())` for a compiled nanoGPT model: linear weights `(out, in)`, the tied head and the
/// embedding, masks, and no biases with `bias = False`.
#[test]
fn nanogpt() {
    let json = json!({
        "model_type": "gpt2", "activation_function": "gelu", "n_embd": 8, "n_head": 2, "n_layer": 2, "n_positions": 12,
        "vocab_size": 23, "layer_norm_epsilon": 1e-5
    });
    let linear = |name: &str| ["c_attn.weight", "c_proj.weight", "c_fc.weight"].iter().any(|end| name.ends_with(end));
    for (bias, prefix) in [(true, ""), (true, "_orig_mod."), (false, "_orig_mod.")] {
        let model = plain(&Gpt2Config { activation_function: Activation::Gelu, bias, ..config(None) });
        assert_eq!(model.parameters().iter().any(|(name, _)| name.ends_with(".bias")), bias);
        let stored = |name: &str, weight: &Tensor| if linear(name) { weight.tr() } else { weight.shallow_clone() };
        let named = model.parameters().iter().map(|(name, t)| (format!("{prefix}{name}"), stored(name, t)));
        let mut tensors: Vec<_> = named.collect();
        tensors.push((format!("{prefix}lm_head.weight"), model.head().copy()));
        tensors.push((
            format!("{prefix}transformer.h.0.attn.bias"),
            Tensor::ones([1, 1, 12, 12], (Kind::Float, Device::Cpu)),
        ));
        let json = with(json.clone(), &json!({"bias": bias}));
        let dir = folder(&json, &tensors);
        let found = load(dir.path()).unwrap();
        assert!(logits(&found).equal(&logits(&model)), "bias {bias}, {prefix:?}");
        // It is saved as transformers' GPT-2.
        let again = tempfile::tempdir().unwrap();
        found.save_pretrained(again.path(), false).unwrap();
        let saved = Checkpoint::open(again.path()).unwrap();
        let c_attn = saved.entries().iter().find(|entry| entry.name().ends_with("h.0.attn.c_attn.weight")).unwrap();
        assert_eq!((c_attn.shape(), saved.entries().len()), ([8, 24].as_slice(), model.parameters().len()));
        assert!(logits(&load(again.path()).unwrap()).equal(&logits(&model)));
    }
}

/// Biases are missing although the config does not say so.
#[test]
fn a_gpt2_without_biases_says_so() {
    let model = plain(&config(None));
    let weights = model.parameters().iter().filter(|(name, _)| !name.ends_with(".bias"));
    let tensors: Vec<_> = weights.map(|(name, t)| (name.to_owned(), t.shallow_clone())).collect();
    let mut json = serde_json::to_value(config(None)).unwrap();
    json["model_type"] = json!("gpt2");
    let problem = load(folder(&json, &tensors).path()).unwrap_err().to_string();
    assert!(problem.contains("missing") && problem.contains("h.0.attn.c_attn.bias"), "{problem}");
    json["bias"] = json!(false);
    let found = load(folder(&json, &tensors).path()).unwrap();
    // No bias is a bias of zero.
    for (_, bias) in model.parameters().iter().filter(|(name, _)| name.ends_with(".bias")) {
        let _ = bias.shallow_clone().zero_();
    }
    let apart = (logits(&found) - logits(&model)).abs().max().double_value(&[]);
    assert!(apart < 1e-5 && found.parameters().get(EMBEDDING).is_some(), "{apart}");
}
