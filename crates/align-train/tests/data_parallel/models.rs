//! Small models with random weights.

use align_models::{
    CausalLm, DistilBert, DistilBertConfig, Gpt2, Gpt2Config, LoraConfig, LoraModel, SequenceClassifier, TrainableModel,
};
use tch::{Device, Kind};

/// Token ids of all models.
pub const VOCAB: i64 = 53;

pub fn gpt2(seed: u64, kind: Kind) -> Gpt2 {
    let config = Gpt2Config {
        vocab_size: VOCAB,
        n_positions: 32,
        n_embd: 16,
        n_layer: 2,
        n_head: 2,
        bos_token_id: Some(0),
        eos_token_id: Some(vec![0]),
        ..Gpt2Config::default()
    };
    Gpt2::new_random(config, seed, kind, Device::Cpu).unwrap()
}

pub fn lora() -> Box<dyn CausalLm> {
    let config = LoraConfig { r: 4, ..LoraConfig::default() };
    Box::new(LoraModel::new(gpt2(3, Kind::Float), config, 5).unwrap())
}

fn distilbert_config(labels: i64) -> DistilBertConfig {
    DistilBertConfig {
        vocab_size: VOCAB,
        max_position_embeddings: 32,
        dim: 16,
        n_layers: 2,
        n_heads: 2,
        hidden_dim: 32,
        num_labels: Some(labels),
        ..DistilBertConfig::default()
    }
}

/// A classifier with larger weights than usual, so that its gradients do not cancel to rounding errors.
fn distilbert_with(labels: i64) -> DistilBert {
    let model = DistilBert::new_random(distilbert_config(labels), 3, Kind::Float, Device::Cpu).unwrap();
    for (_, weight) in model.parameters().iter().filter(|(_, weight)| weight.dim() > 1) {
        let _ = weight.shallow_clone().g_mul_scalar_(8.0);
    }
    model
}

pub fn distilbert() -> DistilBert {
    distilbert_with(3)
}

pub fn reward_model() -> Box<dyn SequenceClassifier> {
    Box::new(distilbert_with(1))
}
