//! Hidden states of all layers, compared with `hidden_states.json`, which transformers gave to `python/hidden_states.py`.

use crate::golden_dir;
use align_models::{Attention, AutoModelForCausalLm, CausalLm, LoraConfig, LoraModel, SharedTokenRows};
use serde::Deserialize;
use std::collections::BTreeMap;
use tch::{Device, Kind, Tensor};

#[derive(Deserialize)]
struct Golden {
    input_ids: Vec<i64>,
    models: BTreeMap<String, Vec<Layer>>,
}

#[derive(Deserialize)]
struct Layer {
    norm: f64,
    first: Vec<f64>,
    last: Vec<f64>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("hidden_states.json")).unwrap()
}

fn load(name: &str) -> Box<dyn CausalLm> {
    AutoModelForCausalLm::from_pretrained(&golden_dir().join("models").join(name), Kind::Float, Device::Cpu).unwrap()
}

fn assert_near(found: &[f64], expected: &[f64], what: &str) {
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-5 + 1e-5 * expected.abs(), "{what}: {found}, expected {expected}");
    }
}

#[test]
fn hidden_states_of_all_layers_are_those_of_transformers() {
    let golden = golden();
    let ids = Tensor::from_slice(&golden.input_ids).unsqueeze(0);
    for (name, layers) in &golden.models {
        let states = load(name).hidden_states(&ids, None, &Attention::Causal).unwrap();
        assert_eq!(states.len(), layers.len(), "{name}");
        for (index, (states, layer)) in states.iter().zip(layers).enumerate() {
            let (states, what) = (states.get(0).to_kind(Kind::Double), format!("{name}, layer {index}"));
            let values = |token: i64| Vec::<f64>::try_from(states.get(token).narrow(0, 0, 4)).unwrap();
            assert_near(&[states.norm().double_value(&[])], &[layer.norm], &what);
            assert_near(&values(0), &layer.first, &what);
            assert_near(&values(golden.input_ids.len() as i64 - 1), &layer.last, &what);
        }
    }
}

#[test]
fn the_last_of_the_hidden_states_is_that_of_hidden_in_every_form_of_attention() {
    let golden = golden();
    let ids = Tensor::from_slice(&golden.input_ids).unsqueeze(0);
    let positions: Vec<i64> = (0..golden.input_ids.len() as i64).collect();
    let rows = SharedTokenRows::new(std::slice::from_ref(&positions), Device::Cpu).unwrap();
    let positions = Tensor::from_slice(&positions).unsqueeze(0);
    let (mask, shared) = (Tensor::ones_like(&ids), Attention::SharedTokens { rows: &rows, attention_mask: None });
    for name in golden.models.keys() {
        let lora = LoraConfig { r: 2, ..LoraConfig::default() };
        let models: [Box<dyn CausalLm>; 2] = [load(name), Box::new(LoraModel::new(load(name), lora, 1).unwrap())];
        for (model, attention) in
            models.iter().flat_map(|m| [Attention::Causal, Attention::Padded(&mask)].map(|a| (m, a)))
        {
            let states = model.hidden_states(&ids, Some(&positions), &attention).unwrap();
            let hidden = model.hidden(&ids, Some(&positions), &attention, None).unwrap();
            assert_eq!(*states.last().unwrap(), hidden, "{name}, {attention:?}");
        }
        let states = models[0].hidden_states(&ids, Some(&positions), &shared).unwrap();
        assert_eq!(*states.last().unwrap(), models[0].hidden(&ids, Some(&positions), &shared, None).unwrap(), "{name}");
    }
}

#[test]
fn gradients_flow_through_each_layer() {
    let golden = golden();
    let model = load("llama-tiny");
    let embedding = model.parameters().get("model.embed_tokens.weight").unwrap().set_requires_grad(true);
    let ids = Tensor::from_slice(&golden.input_ids).unsqueeze(0);
    let states = || model.hidden_states(&ids, None, &Attention::Causal).unwrap();
    let norms: Vec<f64> = (0..states().len())
        .map(|layer| {
            // Each backward pass frees its graph.
            states()[layer].square().sum(Kind::Float).backward();
            let norm = embedding.grad().norm().double_value(&[]);
            let _ = embedding.grad().zero_();
            norm
        })
        .collect();
    assert!(norms.iter().all(|norm| *norm > 0.0), "{norms:?}");
}
