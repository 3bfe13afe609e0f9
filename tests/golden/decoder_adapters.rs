//! LoRA adapters of decoders since Llama: those of PEFT in `adapters/`, with the logits in train_modern.json, and our own.

use crate::{golden_dir, read_json};
use align_models::{
    Attention, AutoModelForCausalLm, CausalLm, LoraConfig, LoraModel, Modules, TrainableModel, checkpoint,
};
use std::path::Path;
use tch::{Device, Kind, Tensor};

const FAMILIES: [&str; 7] =
    ["llama-tiny", "llama-tiny-rope3", "mistral-tiny", "qwen2-tiny", "qwen3-tiny", "gemma2-tiny", "gemma3-tiny"];

fn load(name: &str) -> Box<dyn CausalLm> {
    AutoModelForCausalLm::from_pretrained(&golden_dir().join(name), Kind::Float, Device::Cpu).unwrap()
}

fn family(name: &str) -> Box<dyn CausalLm> {
    load(&format!("models/{name}"))
}

fn last_logits(model: &dyn CausalLm, ids: &[i64]) -> Vec<f64> {
    let hidden = model.hidden(&Tensor::from_slice(ids).unsqueeze(0), None, &Attention::Causal, None).unwrap();
    Vec::try_from(model.logits(&hidden.get(0).get(-1)).unwrap().to_kind(Kind::Double)).unwrap()
}

fn assert_near(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (f, e) in found.iter().zip(expected) {
        assert!((f - e).abs() <= 1e-4, "{what}: {f}, expected {e}");
    }
}

#[test]
fn adapters_of_peft_apply_and_merge() {
    let file = read_json("train_modern.json");
    let cases = file["adapter_logits"].as_array().unwrap();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let name = case["adapter"].as_str().unwrap();
        let ids: Vec<i64> = serde_json::from_value(case["input_ids"][0].clone()).unwrap();
        let expected: Vec<f64> = serde_json::from_value(case["logits_last"].clone()).unwrap();
        let base = || load(case["model"].as_str().unwrap());
        assert!(last_logits(&base(), &ids).iter().zip(&expected).any(|(base, adapted)| (base - adapted).abs() > 1e-3));
        let adapted = LoraModel::from_pretrained(base(), &golden_dir().join(name)).unwrap();
        assert_near(&last_logits(&adapted, &ids), &expected, name);
        if let Some(packed) = adapted.packed().unwrap() {
            assert_near(&last_logits(&packed, &ids), &expected, &format!("{name}, packed"));
        }
        let saved = tempfile::tempdir().unwrap();
        adapted.save_pretrained(saved.path(), false).unwrap();
        let again = LoraModel::from_pretrained(base(), saved.path()).unwrap();
        assert_near(&last_logits(&again, &ids), &expected, &format!("{name}, saved"));
        assert_near(&last_logits(&adapted.merge_and_unload().unwrap(), &ids), &expected, &format!("{name}, merged"));
    }
}

/// An adapter with `B` that is not 0.
fn adapter(base: Box<dyn CausalLm>, target_modules: Modules) -> LoraModel {
    let model = LoraModel::new(base, LoraConfig { r: 3, target_modules, ..LoraConfig::default() }, 5).unwrap();
    for (_, b) in model.parameters().iter().filter(|(name, _)| name.contains("lora_B")) {
        let wave = Tensor::arange(b.numel() as i64, (Kind::Float, Device::Cpu)).cos() * 0.1;
        b.shallow_clone().copy_(&wave.view_as(b));
    }
    model
}

#[test]
fn the_default_layers_are_those_of_peft() {
    for name in FAMILIES {
        let adapted = adapter(family(name), Modules::Default);
        let expected = Modules::Names(vec!["q_proj".to_owned(), "v_proj".to_owned()]);
        assert_eq!(adapted.lora_config().target_modules, expected, "{name}");
        assert_eq!(adapted.parameters().len(), 2 * 2 * 2, "{name}");
    }
    let gpt2 = adapter(family("gpt2-tiny"), Modules::Default);
    assert_eq!(gpt2.lora_config().target_modules, Modules::Names(vec!["c_attn".to_owned()]));
}

#[test]
fn all_linear_layers_of_each_family_are_adapted_saved_and_merged() {
    let ids: Vec<i64> = (0..40).map(|i| (i * 37 + 11) % 590).collect();
    for name in FAMILIES {
        let base = || family(name);
        let adapted = adapter(base(), Modules::all_linear());
        assert_eq!(adapted.parameters().len(), 2 * 7 * 2, "{name}");
        let expected = last_logits(&adapted, &ids);
        let moved = last_logits(&base(), &ids).iter().zip(&expected).any(|(base, own)| (base - own).abs() > 1e-2);
        assert!(moved, "{name}");
        let saved = tempfile::tempdir().unwrap();
        adapted.save_pretrained(saved.path(), false).unwrap();
        let again = LoraModel::from_pretrained(base(), saved.path()).unwrap();
        assert_eq!(last_logits(&again, &ids), expected, "{name}, saved");
        let merged = adapted.merge_and_unload().unwrap();
        assert_near(&last_logits(&merged, &ids), &expected, &format!("{name}, merged"));
        let whole = tempfile::tempdir().unwrap();
        merged.save_pretrained(whole.path(), false).unwrap();
        let again = AutoModelForCausalLm::from_pretrained(whole.path(), Kind::Float, Device::Cpu).unwrap();
        assert_eq!(last_logits(&again, &ids), last_logits(&merged, &ids), "{name}, merged and saved");
    }
}

#[test]
fn an_adapter_recognises_its_base_model() {
    let saved = tempfile::tempdir().unwrap();
    adapter(family("llama-tiny"), Modules::Default).save_pretrained(saved.path(), false).unwrap();
    let load = |dir: &Path, kind| {
        let base = AutoModelForCausalLm::from_pretrained(&golden_dir().join("models/llama-tiny"), kind, Device::Cpu);
        LoraModel::from_pretrained(base.unwrap(), dir)
    };
    for kind in [Kind::Float, Kind::BFloat16, Kind::Double, Kind::Half] {
        load(saved.path(), kind).unwrap();
    }
    // The same shapes with other weights.
    let other = family("llama-tiny");
    let weight = other.parameters().get("model.layers.1.mlp.up_proj.weight").unwrap();
    let _ = weight.shallow_clone().g_mul_scalar_(1.01);
    let problem = LoraModel::from_pretrained(other, saved.path()).unwrap_err().to_string();
    assert!(problem.contains("adapter_model.safetensors") && problem.contains("other weights"), "{problem}");
    // The digest is where PEFT does not look: the tensors are as PEFT writes them.
    let file = checkpoint::Checkpoint::open_safetensors(&saved.path().join("adapter_model.safetensors")).unwrap();
    assert!(file.entries().iter().all(|entry| entry.name().contains(".lora_")));
}
