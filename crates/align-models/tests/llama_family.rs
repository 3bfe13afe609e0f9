//! Configs of the Llama family: what is refused, new models, and gradient checkpointing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_models::{Attention, CausalLm, DecoderConfig, LlamaFamily, LlamaFamilyConfig, TrainableModel};
use serde_json::{Value, json};
use tch::{Device, Kind, Tensor};

fn sizes(model_type: &str) -> Value {
    json!({
        "model_type": model_type, "vocab_size": 50, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 64,
    })
}

fn with(model_type: &str, fields: Value) -> Value {
    let mut config = sizes(model_type);
    config.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    config
}

#[test]
fn what_is_not_supported_is_named() {
    let llama3 = json!({"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 4.0, "high_freq_factor": 1.0});
    let cases: [(&str, Value, &[&str]); 24] = [
        ("mamba", json!({}), &["\"mamba\"", "\"llama\""]),
        ("llama", json!({"num_attention_heads": 0}), &["num_attention_heads is 0"]),
        ("llama", json!({"num_key_value_heads": 3}), &["num_attention_heads 4", "num_key_value_heads 3"]),
        ("llama", json!({"head_dim": 7}), &["head_dim is 7", "even"]),
        ("llama", json!({"head_dim": null, "hidden_size": 18}), &["hidden_size 18", "head_dim"]),
        ("llama", json!({"vocab_size": 0}), &["vocab_size is 0"]),
        ("llama", json!({"num_hidden_layers": 1_i64 << 40}), &["num_hidden_layers"]),
        ("llama", json!({"vocab_size": "many"}), &["`vocab_size`"]),
        ("llama", json!({"hidden_act": "xielu"}), &["`hidden_act`", "xielu"]),
        ("llama", json!({"attention_bias": "qkv"}), &["`attention_bias`"]),
        ("llama", json!({"eos_token_id": [3, 50]}), &["eos_token_id is 50"]),
        ("llama", json!({"rms_norm_eps": 0.0}), &["rms_norm_eps"]),
        ("llama", json!({"pretraining_tp": 2}), &["pretraining_tp is 2"]),
        ("llama", json!({"partial_rotary_factor": 0.5}), &["partial_rotary_factor is 0.5"]),
        ("llama", json!({"rope_interleaved": true}), &["rope_interleaved"]),
        (
            "llama",
            json!({"rope_scaling": {"rope_type": "longrope", "factor": 2.0}}),
            &["rope_scaling", "\"longrope\"", "yarn"],
        ),
        ("llama", json!({"rope_scaling": {"type": "linear"}}), &["rope_scaling", "no factor"]),
        ("llama", json!({"rope_scaling": llama3}), &["low_freq_factor is 4", "high_freq_factor is 1"]),
        (
            "llama",
            json!({"rope_parameters": {"rope_theta": 1e4}, "rope_theta": 1e6}),
            &["rope_parameters", "10000", "1000000"],
        ),
        ("llama", json!({"rope_parameters": {}, "rope_scaling": {}}), &["both rope_parameters and rope_scaling"]),
        ("mistral", json!({"attention_bias": true}), &["attention_bias", "mistral"]),
        ("mistral", json!({"sliding_window": 0}), &["sliding_window is 0"]),
        (
            "qwen3",
            json!({"layer_types": ["full_attention", "chunked_attention"]}),
            &["layer_types[1]", "chunked_attention"],
        ),
        ("gemma3_text", json!({"rope_parameters": {"rope_type": "default"}}), &["rope_type", "full_attention"]),
    ];
    for (model_type, fields, parts) in cases {
        let problem = LlamaFamilyConfig::from_json(with(model_type, fields.clone())).unwrap_err().to_string();
        assert!(parts.iter().all(|part| problem.contains(part)), "{fields}: {problem}");
    }
    let few = LlamaFamilyConfig::from_json(with("gemma2", json!({"layer_types": ["full_attention"]}))).unwrap_err();
    assert!(few.to_string().contains("layer_types has 1 entries"), "{few}");
    let both =
        with("qwen2", json!({"layer_types": ["full_attention", "sliding_attention"], "use_sliding_window": false}));
    assert!(LlamaFamilyConfig::from_json(both).unwrap_err().to_string().contains("no sliding_window"));
}

fn new(config: Value, kind: Kind) -> LlamaFamily {
    LlamaFamily::new_random(LlamaFamilyConfig::from_json(config).unwrap(), 3, kind, Device::Cpu).unwrap()
}

#[test]
fn a_new_model_is_saved_as_its_class() {
    for (model_type, class) in [("llama", "LlamaForCausalLM"), ("gemma3_text", "Gemma3ForCausalLM")] {
        let (model, dir) = (new(sizes(model_type), Kind::Float), tempfile::tempdir().unwrap());
        assert_eq!(model.config().json()["architectures"], json!([class]));
        model.save_pretrained(dir.path(), false).unwrap();
        let again = LlamaFamily::from_pretrained(dir.path(), Kind::Float, Device::Cpu).unwrap();
        for (name, weight) in model.parameters().iter() {
            assert!(weight.equal(again.parameters().get(name).unwrap()), "{name}");
            // Norms change nothing at first. Gemma stores their weights minus 1.
            if name.ends_with("norm.weight") {
                let one = if model_type == "llama" { 1.0 } else { 0.0 };
                assert!(weight.equal(&weight.full_like(one)), "{name}");
            }
        }
    }
}

fn ids() -> Tensor {
    (Tensor::arange(40, (Kind::Int64, Device::Cpu)) * 7).remainder(50).view([2, 20])
}

/// Bit by bit, with sliding windows, caps, norms of queries and keys, and two rotary embeddings.
#[test]
fn gradient_checkpointing_changes_nothing() {
    for model_type in ["llama", "mistral", "qwen2", "qwen3", "gemma2", "gemma3_text"] {
        let gradients = |on: bool| {
            let mut model = new(with(model_type, json!({"sliding_window": 5, "initializer_range": 0.3})), Kind::Float);
            model.parameters().set_requires_grad(true);
            model.set_gradient_checkpointing(on).unwrap();
            let hidden = model.hidden(&ids(), None, &Attention::Causal, None).unwrap();
            model.logits(&hidden).unwrap().square().sum(Kind::Float).backward();
            model.parameters().iter().map(|(_, weight)| weight.grad()).collect::<Vec<_>>()
        };
        for (found, expected) in gradients(true).iter().zip(gradients(false)) {
            assert!(found.equal(&expected) && expected.abs().max().double_value(&[]) > 0.0, "{model_type}");
        }
    }
}

/// `padding_idx` of PyTorch's embedding: the padding token is not trained through the input, only through a tied output projection.
#[test]
fn the_padding_tokens_embedding_gets_no_gradient_from_the_input() {
    let ids = Tensor::from_slice(&[3i64, 7, 49, 3]).view([1, 4]);
    // A negative id counts from the end; Gemma pads with 0 by default.
    for (model_type, pad, padding) in
        [("llama", json!(7), 7), ("qwen3", json!(-1), 49), ("llama", json!(null), -1), ("gemma2", json!(3), 3)]
    {
        let fields = json!({"pad_token_id": pad, "tie_word_embeddings": false});
        let model = new(with(model_type, fields), Kind::Float);
        model.parameters().set_requires_grad(true);
        let hidden = model.hidden(&ids, None, &Attention::Causal, None).unwrap();
        hidden.square().sum(Kind::Float).backward();
        let gradient = model.parameters().get("model.embed_tokens.weight").unwrap().grad();
        for id in [3i64, 7, 49] {
            let norm = gradient.get(id).norm().double_value(&[]);
            assert_eq!(norm == 0.0, id == padding, "{model_type}, padding {pad}, token {id}: {norm}");
        }
    }
    let outside = LlamaFamilyConfig::from_json(with("llama", json!({"pad_token_id": 50}))).unwrap_err().to_string();
    assert!(outside.contains("pad_token_id is 50"), "{outside}");
    let gemma = LlamaFamilyConfig::from_json(with("gemma2", json!({}))).unwrap();
    assert_eq!(gemma.hyper_parameters().unwrap()["padding_idx"], 0);
}
