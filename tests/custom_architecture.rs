//! A custom architecture, defined outside the crates, can be trained, used for generation and adapted with LoRA.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_data::EncodedPair;
use align_models::generation::{Generation, GenerationConfig, generate_completions};
use align_models::layers::{Activation, Linear, Weights};
use align_models::{
    Adaptable, Adapter, Attention, CausalLm, KvCache, LinearLayerInfo, LoraConfig, LoraModel, Modules, Parameters,
    Result, TrainableModel, save_pretrained,
};
use align_train::{DpoConfig, DpoTrainer, TrainingConfig};
use serde_json::{Value, json};
use std::path::Path;
use tch::{Device, Kind, Tensor};

const VOCAB: i64 = 40;
const WIDTH: i64 = 8;

/// A bigram model: the next token is predicted from the last one by `head · gelu(up · embedding)`.
struct Bigram {
    parameters: Parameters,
    embedding: Tensor,
    up: Linear,
    head: Tensor,
}

impl Bigram {
    fn new(parameters: Parameters, adapter: Option<Adapter<'_>>) -> Result<Self> {
        let w = Weights::new(&parameters).with_adapter(adapter);
        let (embedding, head) = (w.tensor("embedding.weight")?, w.tensor("lm_head.weight")?);
        let up = Linear::load(&w.child("up"), true)?;
        Ok(Self { embedding, up, head, parameters })
    }

    fn random() -> Self {
        let shapes =
            [("embedding.weight", vec![VOCAB, WIDTH]), ("up.weight", vec![WIDTH, WIDTH]), ("up.bias", vec![WIDTH])];
        let shapes = shapes.into_iter().chain([("lm_head.weight", vec![VOCAB, WIDTH])]);
        let wave = |(name, shape): (&str, Vec<i64>)| {
            let numbers = Tensor::arange(shape.iter().product::<i64>(), (Kind::Float, Device::Cpu)) * 1.7;
            (name.to_owned(), (numbers.sin() * 0.3).view(shape.as_slice()))
        };
        Self::new(Parameters::new(shapes.map(wave).collect()), None).unwrap()
    }
}

impl TrainableModel for Bigram {
    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn hyper_parameters(&self) -> Result<Value> {
        Ok(json!({"model_type": "bigram"}))
    }

    fn set_training(&mut self, _training: bool) {}

    fn save_pretrained(&self, dir: &Path, overwrite: bool) -> Result<()> {
        save_pretrained(dir, &self.hyper_parameters()?, &self.parameters, self.kind(), overwrite)
    }
}

impl CausalLm for Bigram {
    fn hidden(
        &self,
        input_ids: &Tensor,
        _positions: Option<&Tensor>,
        _attention: &Attention,
        cache: Option<&mut KvCache>,
    ) -> Result<Tensor> {
        if let Some(cache) = cache {
            cache.advance(input_ids.size2()?.1);
        }
        let embedded = Tensor::f_embedding(&self.embedding, input_ids, -1, false, false)?;
        self.up.forward_activated(&embedded, Activation::Gelu, false)
    }

    fn head(&self) -> &Tensor {
        &self.head
    }

    fn new_cache(&self, batch: i64, capacity: i64) -> KvCache {
        KvCache::new(0, [batch, 1, capacity, 1], self.kind(), self.device())
    }

    fn max_position_embeddings(&self) -> i64 {
        1024
    }

    fn frozen_copy(&self) -> Result<Box<dyn CausalLm>> {
        Ok(Box::new(Self::new(self.parameters.detached_copy()?, None)?))
    }

    fn adaptable(&self) -> Option<&dyn Adaptable> {
        Some(self)
    }
}

impl Adaptable for Bigram {
    fn linear_layers(&self) -> Vec<LinearLayerInfo> {
        self.up.info(0, false, false).into_iter().collect()
    }

    fn embedding(&self) -> &str {
        "embedding.weight"
    }

    fn with_weights(&self, weights: Parameters, adapter: Option<Adapter<'_>>) -> Result<Box<dyn CausalLm>> {
        Ok(Box::new(Self::new(weights, adapter)?))
    }
}

/// Pairs that prefer token 7 to token 9 after token 3.
fn pairs() -> Vec<EncodedPair> {
    let pair = |row| EncodedPair {
        prompt_ids: vec![1, 3],
        chosen_ids: vec![7, 2],
        rejected_ids: vec![9, 2],
        row,
        ..EncodedPair::default()
    };
    (0..8).map(pair).collect()
}

fn logp(model: &dyn CausalLm, token: i64) -> f64 {
    let hidden = model.hidden(&Tensor::from_slice(&[1i64, 3]).view([1, 2]), None, &Attention::Causal, None).unwrap();
    model.logits(&hidden).unwrap().log_softmax(-1, Kind::Double).double_value(&[0, 1, token])
}

/// The model after DPO on [`pairs`].
fn trained(policy: impl CausalLm + 'static) -> Box<dyn CausalLm> {
    let training = TrainingConfig {
        max_steps: Some(20),
        learning_rate: 0.05,
        per_device_train_batch_size: 4,
        ..TrainingConfig::default()
    };
    let mut trainer =
        DpoTrainer::new(policy, None, pairs(), DpoConfig { beta: 1.0, training, ..DpoConfig::default() }).unwrap();
    let losses: Vec<f64> = trainer.by_ref().map(|record| record.unwrap().loss).collect();
    assert!((losses[0] - 2f64.ln()).abs() < 1e-6, "the policy begins as its reference: {losses:?}");
    assert!(losses[19] < 0.2, "{losses:?}");
    trainer.into_policy()
}

/// The tokens that the model generates greedily after the prompt.
fn generate(model: &dyn CausalLm) -> Vec<i64> {
    let options = GenerationConfig { max_new_tokens: Some(4), ..GenerationConfig::default() };
    generate_completions(model, &[vec![1, 3]], &Generation::new(options).unwrap(), 1).unwrap().remove(0).ids
}

#[test]
fn a_custom_architecture_is_trained_and_generates() {
    let before = Bigram::random();
    let after = trained(Bigram::random());
    assert!(logp(&after, 7) - logp(&after, 9) > 1.5 + logp(&before, 7) - logp(&before, 9));
    // In greedy search, each token is the most likely one after the previous token.
    let ids = [vec![3], generate(&after)].concat();
    assert_eq!(ids.len(), 5);
    for pair in ids.windows(2) {
        let hidden =
            after.hidden(&Tensor::from_slice(&pair[..1]).view([1, 1]), None, &Attention::Causal, None).unwrap();
        assert_eq!(after.logits(&hidden).unwrap().argmax(-1, false).int64_value(&[0, 0]), pair[1]);
    }
}

#[test]
fn a_custom_architecture_is_adapted_with_lora() {
    let config = LoraConfig { r: 4, target_modules: Modules::all_linear(), ..LoraConfig::default() };
    let adapted = trained(LoraModel::new(Bigram::random(), config.clone(), 42).unwrap());
    assert_eq!(adapted.parameters().len(), 2);
    for (name, weight) in adapted.frozen_parameters().unwrap().iter() {
        assert!(weight.equal(Bigram::random().parameters().get(name).unwrap()), "{name} moved");
    }
    let dir = tempfile::tempdir().unwrap();
    adapted.save_pretrained(dir.path(), false).unwrap();
    let again = LoraModel::from_pretrained(Bigram::random(), dir.path()).unwrap();
    assert_eq!((logp(&again, 7), generate(&again)), (logp(&adapted, 7), generate(&adapted)));
    let merged = again.merge_and_unload().unwrap();
    assert!((logp(&merged, 7) - logp(&adapted, 7)).abs() < 1e-4);
    // PEFT's modules_to_save: the embedding is trained in full, in addition to the matrices.
    let whole = LoraConfig { modules_to_save: vec!["embedding".into()], ..config };
    let adapted = LoraModel::new(Bigram::random(), whole, 42).unwrap();
    assert!(adapted.parameters().get("base_model.model.embedding.weight").is_some());
}
